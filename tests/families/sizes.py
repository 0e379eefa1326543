"""How large each setting of a tiny model is: by the meaning of its name, and exceptions by type."""

from __future__ import annotations

from typing import Any

WIDTH, HEADS, KEY_HEADS, HEAD_WIDTH, LAYERS, VOCABULARY, INNER = 64, 4, 2, 16, 2, 200, 64
LENGTH = 128
# Ids from which texts are drawn: no padding, no placeholder of an image or a sound.
ORDINARY_IDS = range(10, 150)

# Families of transformers call the same thing by many names.
_MEANINGS: tuple[tuple[float, str], ...] = (
    (
        WIDTH,
        """hidden_size d_model n_embd dim emb_dim model_dim embedding_size embed_dim d_embed
        lru_width word_embed_proj_dim encoder_hidden_size decoder_hidden_size output_size hidden_dim
        intra_bottleneck_size true_hidden_size audio_hidden_size speech_hidden_size output_dim
        projection_dim""",
    ),
    (
        LAYERS,
        """num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers depth
        num_decoder_layers num_encoder_layers speech_encoder_layers text_encoder_layers num_blocks
        t2u_encoder_layers t2u_decoder_layers num_mem_blocks encoder_num_layers decoder_num_layers""",
    ),
    (
        HEADS,
        """num_attention_heads n_head n_heads num_heads encoder_attention_heads attention_heads
        decoder_attention_heads speech_encoder_attention_heads t2u_encoder_attention_heads
        t2u_decoder_attention_heads audio_num_heads""",
    ),
    (
        INNER,
        """intermediate_size ffn_dim d_ff n_inner dim_feedforward encoder_ffn_dim decoder_ffn_dim
        feed_forward_size d_inner dim_ff ffn_hidden_size inner_size speech_encoder_intermediate_size
        t2u_encoder_ffn_dim t2u_decoder_ffn_dim ffn_size d_ffn shared_intermediate_size block_ff_dim
        mlp_dim mlp_hidden_size decoder_intermediate_size""",
    ),
    (
        VOCABULARY,
        """vocab_size text_vocab_size vocab_size_per_layer_input t2u_vocab_size
        tgt_vocab_size src_vocab_size target_vocab_size char_vocab_size padded_vocab_size
        bigram_vocab_size""",
    ),
    (
        HEAD_WIDTH,
        """head_dim d_kv d_head attention_head_dim global_head_dim kv_channels index_head_dim
        attention_head_size qk_head_dim swa_head_dim audio_head_dim kv_lora_rank qk_nope_head_dim query_pre_attn_scalar
        v_head_dim linear_key_head_dim linear_value_head_dim n_mel_channels num_mel_bins
        hidden_size_per_layer_input""",
    ),
    (
        LENGTH,
        """max_position_embeddings n_positions max_target_positions n_ctx seq_length max_seq_len
        context_length max_2d_position_embeddings""",
    ),
    (
        8,
        """attention_window chunk_size attention_window_size qk_rope_head_dim mamba_d_state
        ssm_state_size state_size mamba_dt_rank time_step_rank mamba_chunk_size patch_size
        num_buckets relative_attention_num_buckets laurel_rank index_topk rotary_dim""",
    ),
    (
        6,
        """sliding_window local_attention window_size local_attn_window_size attention_chunk_size""",
    ),
    (
        4,
        """num_experts n_routed_experts num_local_experts moe_num_experts num_moe_experts
        mamba_d_conv mamba_n_heads mamba_num_heads conv_kernel linear_num_value_heads
        linear_conv_kernel_dim""",
    ),
    (
        2,
        """num_experts_per_tok moe_topk num_experts_per_token moe_k moe_top_k top_k_experts
        mamba_expand n_mamba_heads linear_num_key_heads type_vocab_size altup_num_inputs
        index_n_heads num_codebooks""",
    ),
    (
        32,
        """moe_intermediate_size shared_expert_intermediate_size expert_dim mamba_d_head
        moe_shared_expert_intermediate_size expert_ffn_hidden_size moe_ffn_hidden_size
        moe_latent_size mamba_head_dim mamba_headdim image_size""",
    ),
    (
        1,
        """n_group topk_group mamba_n_groups mamba_ngroups n_groups first_k_dense_replace
        num_dense_layers""",
    ),
    (0, "num_nextn_predict_layers"),
    (0.0, "attention_dropout"),
    (24, "q_lora_rank"),
    (64, "max_source_positions"),
    (128, "mamba_d_ssm"),
)
SIZES = {name: size for size, names in _MEANINGS for name in names.split()}

# Set to one head for all when the model's own default is one, and fewer than heads when it is fewer.
KEY_HEAD_NAMES = frozenset(
    [
        "num_key_value_heads",
        "n_kv_heads",
        "num_kv_heads",
        "kv_heads",
        "multi_query_group_num",
        "num_global_key_value_heads",
        "swa_num_key_value_heads",
    ]
)
HEAD_NAMES = ("num_attention_heads", "n_heads", "n_head", "num_heads")
LAYER_NAMES = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")

_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
_SMALL_BLOCKS = {"block_size": 1, "num_random_blocks": 1}
_ALTERNATING = ["linear_attention", "hybrid", "linear_attention", "hybrid"]

# Settings that hang together, so that no rule about single names can find them.
EXCEPTIONS: dict[str, dict[str, Any]] = {
    # Blocks far smaller than the text, so that local and sparse attention show.
    "big_bird": _SMALL_BLOCKS,
    "bigbird_pegasus": _SMALL_BLOCKS,
    "bamba": {"attn_layer_indices": [1]},
    "blt": {
        "encoder_hash_byte_group_vocab": 500,
        "encoder_config": {"hidden_size_global": WIDTH},
        "decoder_config": {"hidden_size_global": WIDTH},
    },
    "cohere_compass_text": {
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {"sliding_attention": _ROPE, "full_attention": _ROPE},
    },
    "dbrx": {
        "attn_config": {"kv_n_heads": KEY_HEADS, "clip_qkv": 8.0, "rope_theta": 1e4},
        "ffn_config": {
            "ffn_hidden_size": INNER,
            "hidden_size": WIDTH,
            "moe_num_experts": 4,
            "moe_top_k": 2,
        },
    },
    "deepseek_v2": {"num_experts_per_tok": 2},
    "dots1": {
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_shared_experts": 1,
        "n_group": 1,
        "topk_group": 1,
    },
    "dots3_note": {
        "vision_config": {"adapter_in_dim": WIDTH, "adapter_out_dim": WIDTH},
        "audio_config": {"adapter_input_size": WIDTH, "adapter_out_dim": WIDTH},
    },
    "encoder-decoder": {"decoder": {"is_decoder": True, "add_cross_attention": True}},
    "esm": {
        "vocab_size": VOCABULARY,
        "pad_token_id": 1,
        "mask_token_id": 32,
        "token_dropout": False,
    },
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gemma4_text": {"num_kv_shared_layers": 0},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {
        "layer_types": ["linear_attention", "full_attention"],
        "num_hidden_layers": 2,
    },
    "hunyuan_v1_dense": {"head_dim": HEAD_WIDTH},
    "hunyuan_v1_moe": {"head_dim": HEAD_WIDTH},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "layoutlmv3": {"coordinate_size": 10, "shape_size": 12},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_hidden_layers": 2},
    "lilt": {"hidden_size": 96},
    "longt5": {"local_radius": 3, "global_block_size": 4},
    "pegasus_x": {"block_size": 4, "num_global_tokens": 3},
    "longcat_flash": {"head_dim": 8, "qk_head_dim": 24},
    "mamba2": {"num_heads": 4, "head_dim": 32, "expand": 2},
    "ministral": {"head_dim": HEAD_WIDTH},
    "mpnet": {
        "relative_attention_num_buckets": 32,
        "max_position_embeddings": 140,
        "pad_token_id": 1,
    },
    "nemotron": {"num_key_value_heads": KEY_HEADS},
    "perceiver": {
        "num_latents": 8,
        "d_latents": WIDTH,
        "d_model": WIDTH,
        "num_self_attends_per_block": 2,
        "num_self_attention_heads": HEADS,
        "num_cross_attention_heads": HEADS,
        "max_position_embeddings": 12,
    },
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": HEAD_WIDTH,
        "indexer_budget": 8,
        "indexer_compress_ratio": 2,
        "ngram_vocab_size_base": VOCABULARY,
        "split_ngram_parts": 2,
        "heads_per_ngram": 2,
        "hc_lowrank": 8,
        "output_gate_type": "sigmoid",
    },
    "recurrent_gemma": {"block_types": ["recurrent", "attention"]},
    "reformer": {
        "axial_pos_shape": (8, 16),
        "axial_pos_embds_dim": (32, 32),
        "num_hidden_layers": 2,
        "attn_layers": ["local", "lsh"],
        "lsh_attn_chunk_length": 4,
        "local_attn_chunk_length": 4,
        "num_buckets": 2,
        "num_hashes": 1,
        "hash_seed": 0,
    },
    "xmod": {"default_language": "en_XX", "languages": ["en_XX"]},
    "zamba": {
        "layers_block_type": _ALTERNATING,
        "num_hidden_layers": 4,
        "attention_hidden_size": 2 * WIDTH,
        "attention_head_dim": 32,
        "num_key_value_heads": HEADS,
    },
    "zamba2": {
        "layers_block_type": _ALTERNATING,
        "num_hidden_layers": 4,
        "num_key_value_heads": HEADS,
        "num_mem_blocks": 1,
    },
    "zaya": {"num_experts_per_tok": 1},
}
