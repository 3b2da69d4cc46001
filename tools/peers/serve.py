"""One JSON object a line in, one a line out: how tools/bench talks to a peer that stays warm between turns."""

import json
import sys


def serve(answer):
    """Answers every line of standard input with `answer(request)`, until it is closed."""
    replies = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not land between two replies
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # the other side shows it: a peer that fails is a figure that is missing, not a crash
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)
