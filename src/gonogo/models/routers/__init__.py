"""What weighs the experts of a mixture: one router a layer, one file and one paper a kind."""
