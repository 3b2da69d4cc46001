"""transformers as the judge of a model folder: do its logits equal ours?

`transformers_logits.py FOLDER LOGITS`: LOGITS is a safetensors file with `input_ids` [batch, sequence] (int64 or int32) and
`logits` [batch, sequence, vocabulary] (fp32) as our engine computed them. Prints one JSON object: maxAbsError, maxAbsLogit,
parameters, greedyAgreement (the share of positions whose largest logit is the same), and the library's version.
`transformers_logits.py FOLDER IDS`, with IDS a JSON list of lists of token ids, prints the logits themselves.
"""

import json
import os
import sys

import torch
import transformers
from safetensors.torch import load_file


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: transformers_logits.py FOLDER (LOGITS.safetensors | JSON list of lists of token ids)")
    folder, given = sys.argv[1:]
    literal = given.lstrip().startswith("[")
    for path in (os.path.join(folder, "config.json"), *([] if literal else [given])):
        if not os.path.isfile(path):
            sys.exit(f"check: no file {path}; name a model folder and a safetensors file with input_ids and logits")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    ours = None if literal else load_file(given)
    ids = torch.tensor(json.loads(given)) if ours is None else ours["input_ids"].long()
    with torch.no_grad():
        theirs = model(input_ids=ids).logits
    result = {"transformers": transformers.__version__, "parameters": model.num_parameters()}
    if ours is None:
        result["logits"] = theirs.tolist()
    else:
        result["maxAbsError"] = (theirs - ours["logits"]).abs().max().item()
        result["maxAbsLogit"] = theirs.abs().max().item()
        result["greedyAgreement"] = (theirs.argmax(-1) == ours["logits"].argmax(-1)).float().mean().item()
    print(json.dumps(result))


main()
