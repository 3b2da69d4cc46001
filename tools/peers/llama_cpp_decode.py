"""llama.cpp as the peer of `npm run bench -- decode`: prompt and decode speed of a random-weight Llama.

Reads one JSON object from argv: {"folder": ".cache/peers", "encodings": ["f32"], "promptTokens": 128, "newTokens": 64,
"windows": 3, "threads": 2}, and prints one JSON row for each encoding (f32, f16, q8_0, q4_0): parameters,
prefillTokensPerSecond, decodeTokensPerSecond, firstTokenMs. The model file is written on first use and kept.
With `--serve` every line {"encoding": ...} is answered with one window's figures.
"""

import ctypes
import json
import os
import sys
import time

import gguf
import llama_cpp
import numpy as np

from serve import serve

VOCABULARY, WIDTH, LAYERS, FFN, HEADS = 8192, 1024, 12, 2816, 16
CONTEXT = 512  # prompt and new tokens of one window must fit
FILE_TYPES = {
    "f16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
}


def tensors():
    """Name and shape (rows, columns) of every tensor, as llama.cpp names them; norms have one dimension."""
    yield "token_embd.weight", (VOCABULARY, WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", (WIDTH, WIDTH)
        yield f"blk.{layer}.ffn_gate.weight", (FFN, WIDTH)
        yield f"blk.{layer}.ffn_up.weight", (FFN, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", (WIDTH, FFN)
        yield f"blk.{layer}.attn_norm.weight", (WIDTH,)
        yield f"blk.{layer}.ffn_norm.weight", (WIDTH,)
    yield "output_norm.weight", (WIDTH,)
    yield "output.weight", (VOCABULARY, WIDTH)


def write_model(path):
    """A GGUF file of fp32 weights drawn from N(0, 0.02); written beside and renamed, so that a half file is never used."""
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path + ".part", "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for name, shape in tensors():
        ones = len(shape) == 1
        writer.add_tensor(name, np.ones(shape, np.float32) if ones else random.standard_normal(shape, np.float32) * 0.02)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(path + ".part", path)


def model_file(folder, encoding):
    """Path of the model in the given encoding, made when it is not there."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"llama-171m-{encoding}.gguf")
    if os.path.exists(path):
        return path
    if encoding == "f32":
        write_model(path)
        return path
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[encoding]
    source = model_file(folder, "f32")
    if llama_cpp.llama_model_quantize(source.encode(), (path + ".part").encode(), ctypes.byref(params)) != 0:
        raise RuntimeError(f"llama.cpp could not quantise {source} to {encoding}")
    os.replace(path + ".part", path)
    return path


class Decoder:
    """A loaded model with one context. The prompt is random: speed does not depend on what the tokens are."""

    def __init__(self, path, threads):
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), model_params)
        if not self.model:
            raise RuntimeError(f"llama.cpp could not load {path}")
        context_params = llama_cpp.llama_context_default_params()
        context_params.n_ctx = CONTEXT
        context_params.n_threads = context_params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, context_params)
        self.sampler = llama_cpp.llama_sampler_init_greedy()
        self.parameters = llama_cpp.llama_model_n_params(self.model)

    def feed(self, ids):
        """Runs the tokens through the model and returns the greedy next one."""
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(tokens, len(ids))) != 0:
            raise RuntimeError("llama_decode failed")
        return llama_cpp.llama_sampler_sample(self.sampler, self.context, -1)

    def window(self, prompt_tokens, new_tokens):
        """One prompt, then `new_tokens` tokens one after the other; tokens per second of each part."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        prompt = [int(id) for id in np.random.default_rng(1).integers(VOCABULARY, size=prompt_tokens)]
        start = time.perf_counter()
        token = self.feed(prompt)
        first = time.perf_counter()
        for _ in range(new_tokens):
            token = self.feed([token])
        end = time.perf_counter()
        return {
            "parameters": self.parameters,
            "prefillTokensPerSecond": prompt_tokens / (first - start),
            "decodeTokensPerSecond": new_tokens / (end - first),
            "firstTokenMs": (first - start) * 1e3,
        }


def main():
    options = json.loads(sys.argv[-1])
    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    held = {}

    def window(encoding):
        if encoding not in held:
            held.clear()
            held[encoding] = Decoder(model_file(options["folder"], encoding), options["threads"])
            held[encoding].window(8, 8)  # maps the file and grows the buffers
        return held[encoding].window(options["promptTokens"], options["newTokens"])

    if "--serve" in sys.argv:
        serve(lambda request: window(request["encoding"]))
        return
    for encoding in options["encodings"]:
        windows = [window(encoding) for _ in range(options["windows"])]
        best = {key: max(w[key] for w in windows) for key in windows[0]}
        print(json.dumps({"encoding": encoding, **best, "firstTokenMs": min(w["firstTokenMs"] for w in windows)}), flush=True)


main()
