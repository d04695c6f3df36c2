"""Small random models of many architectures, saved as folders to load."""

from __future__ import annotations

import torch
import transformers

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 0}
WIDE = SMALL | {"intermediate_size": 64, "max_position_embeddings": 1024}
GROUPED = WIDE | {"num_key_value_heads": 2, "head_dim": 8}
ENCODERS = {
    "Roberta": WIDE,
    "MPNet": WIDE,
    "XLMRoberta": WIDE,
    "Electra": WIDE | {"embedding_size": 32},
    "ModernBert": WIDE | {"global_attn_every_n_layers": 2, "local_attention": 8},
}
DECODERS = {
    "Qwen2": GROUPED,
    "Qwen3": GROUPED,
    "Mistral": GROUPED | {"sliding_window": 8},
    "GPTNeoX": WIDE,
}


def saved(name, suffix, settings, tokenizer_folder, folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(tokenizer), initializer_range=0.2, **settings
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        getattr(transformers, f"{name}For{suffix}")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
