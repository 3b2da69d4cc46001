"""llama.cpp as the judge of a GGUF file: which logits, and which tokens, does it compute?

`llama_cpp_logits.py FILE REQUEST` with REQUEST one JSON object: {"ids": [token ids], "texts": [texts to tokenise]}. Prints one
JSON object: `logits` of every position (a list of lists), `tokens` of every text, `parameters`, and `sizeBytes` of the weights.
"""

import ctypes
import json
import os
import sys

import llama_cpp
import numpy as np


def load(path):
    """The model and a context for it; llama.cpp's own words where it refuses the file."""
    said = []
    heard = llama_cpp.llama_log_callback(lambda level, text, data: said.append(text.decode(errors="replace")))
    llama_cpp.llama_log_set(heard, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = 0
    model = llama_cpp.llama_model_load_from_file(path.encode(), params)
    if not model:
        sys.exit(f"llama.cpp could not load {path}: {''.join(said)[-2000:]}")
    return model, heard


def logits_of(model, ids):
    """Logits [tokens, vocabulary] of one sequence."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = max(64, len(ids))
    params.n_threads = params.n_threads_batch = 2
    context = llama_cpp.llama_init_from_model(model, params)
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if llama_cpp.llama_decode(context, batch) != 0:
        sys.exit("llama_decode failed")
    rows = [np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, i), shape=(size,)).tolist() for i in range(len(ids))]
    llama_cpp.llama_free(context)
    return rows


def tokens_of(model, text):
    """Token ids of a text, special tokens in it included."""
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    data = text.encode()
    room = len(data) + 8
    out = (llama_cpp.llama_token * room)()
    count = llama_cpp.llama_tokenize(vocabulary, data, len(data), out, room, True, True)
    return list(out[:count])


def main():
    if len(sys.argv) != 3 or not os.path.isfile(sys.argv[1]):
        sys.exit("usage: llama_cpp_logits.py FILE.gguf '{\"ids\": [...], \"texts\": [...]}'")
    request = json.loads(sys.argv[2])
    model, _heard = load(sys.argv[1])
    result = {
        "parameters": llama_cpp.llama_model_n_params(model),
        "sizeBytes": llama_cpp.llama_model_size(model),
        "logits": logits_of(model, request["ids"]) if request.get("ids") else [],
        "tokens": [tokens_of(model, text) for text in request.get("texts", [])],
    }
    print(json.dumps(result))


main()
