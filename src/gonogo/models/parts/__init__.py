"""What every text or vector model needs: devices, tokens, prompts, pooling, heads of pairs."""
