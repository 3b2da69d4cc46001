"""Makes libs/merge/fixtures/tokenizers again: three tiny seeded models with different vocabularies, recipes with a
`tokenizer:` section, and what mergekit makes of them. Run: .venv/bin/python tools/peers/mergekit_fixtures.py
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import tokenizers
import torch
import transformers
import yaml
from safetensors.torch import load_file, save_file
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

OUT = os.path.join(os.path.dirname(__file__), "../../libs/merge/fixtures/tokenizers")
LETTERS = "abcdefgh"
# Merges and added tokens of each model: some are shared under other ids, some are only in one. Spare rows come on top.
MODELS = {
    "base": (["ab", "abc", "cd"], [("<s>", True), ("</s>", True)], 1),
    "chat": (["cd", "ef", "ab"], [("</s>", True), ("<s>", True), ("<|user|>", True), ("note", False)], 0),
    "code": (["ef", "gh", "efgh", "ab"], [("<s>", True), ("</s>", True), ("<|fim|>", True)], 3),
}


def write_model(name, path, seed):
    words, added, spare = MODELS[name]
    vocab = {letter: i for i, letter in enumerate(LETTERS)}
    merges = []
    for word in words:
        left = next(word[:i] for i in range(len(word) - 1, 0, -1) if word[:i] in vocab and word[i:] in vocab)
        merges.append((left, word[len(left) :]))
        vocab[word] = len(vocab)
    raw = tokenizers.Tokenizer(BPE(vocab=vocab, merges=merges))
    raw.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = tokenizers.decoders.ByteLevel()
    for text, special in added:
        raw.add_tokens([tokenizers.AddedToken(text, special=special, normalized=not special)])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>")
    fast.save_pretrained(path)
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(vocab) + len(added) + spare,
        hidden_size=8,
        intermediate_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
        bos_token_id=raw.token_to_id("<s>"),
        eos_token_id=raw.token_to_id("</s>"),
        initializer_range=0.5,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(path)


def recipe(method="linear", tokenizer=None, models=("base", "chat", "code"), base="base", **more):
    weights = {"base": 0.5, "chat": 0.3, "code": 0.4}
    listed = [m for m in models if method == "linear" or m != base]
    result = {
        "merge_method": method,
        "models": [{"model": f"../../models/{m}", "parameters": {"weight": weights[m]}} for m in listed],
        "dtype": "float32",
        "tokenizer": tokenizer,
        **more,
    }
    if base is not None:
        result["base_model"] = f"../../models/{base}"
    return result


def model_token(model, **token):
    return {"kind": "model_token", "model": f"../../models/{model}", **token}


CASES = {
    "union": recipe(tokenizer={"source": "union"}),
    "union-ties": recipe("ties", tokenizer={"source": "union"}, parameters={"density": 0.5}),
    "union-source": {**recipe(base="chat"), "tokenizer": None, "tokenizer_source": "union"},
    "base": recipe(tokenizer={"source": "base"}),
    "base-slerp": recipe("slerp", tokenizer={"source": "base"}, models=("chat",), parameters={"t": 0.3}),
    "path": recipe("task_arithmetic", tokenizer={"source": "../../models/code"}),
    "padded": recipe(tokenizer={"source": "union", "pad_to_multiple_of": 16}),
    "tokens": recipe(
        tokenizer={
            "source": "union",
            "tokens": {
                "<|user|>": {"source": "../../models/chat", "force": True},
                "<s>": {"source": {"kind": "zero"}, "force": True},
                "ab": {"source": "../../models/code"},
                "note": {"source": model_token("code", token="efgh")},
                "<|new|>": {"source": model_token("base", token_id=3)},
                "<|blank|>": {"source": {"kind": "zero"}},
            },
        }
    ),
}


def run_mergekit(folder):
    """Merges in the folder of the recipe, since models are relative to it."""
    out = tempfile.mkdtemp()
    tool = os.path.join(os.path.dirname(sys.executable), "mergekit-yaml")
    subprocess.run([tool, "recipe.yaml", out], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return out


def keep(name, out, folder):
    """The tensors that depend on the vocabulary, and the tokens by id."""
    tensors = {}
    for file in os.listdir(out):
        if file.endswith(".safetensors"):
            tensors.update(load_file(os.path.join(out, file)))
    rows = {key: value for key, value in tensors.items() if key in ("model.embed_tokens.weight", "lm_head.weight")}
    save_file(rows, os.path.join(folder, "expected.safetensors"), metadata={"format": "pt"})
    vocab = transformers.AutoTokenizer.from_pretrained(out).get_vocab()
    with open(os.path.join(out, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as file:
        tokens = [token for token, _ in sorted(vocab.items(), key=lambda item: item[1])]
        json.dump({"vocab_size": config["vocab_size"], "tokens": tokens}, file)
    print(f"{name}: {config['vocab_size']} rows, {len(vocab)} tokens")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for seed, name in enumerate(MODELS):
        path = os.path.join(OUT, "models", name)
        write_model(name, path, seed)
    for name, content in CASES.items():
        folder = os.path.join(OUT, "cases", name)
        os.makedirs(folder)
        with open(os.path.join(folder, "recipe.yaml"), "w", encoding="utf-8") as file:
            yaml.safe_dump({k: v for k, v in content.items() if v is not None}, file, sort_keys=False)
        out = run_mergekit(folder)
        keep(name, out, folder)
        shutil.rmtree(out)


main()
