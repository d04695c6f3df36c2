"""Every place that judged texts come from: folders, packages, the hub, ir_datasets."""
