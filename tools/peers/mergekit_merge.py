"""mergekit as the peer of `forge merge`: each merge in a process of its own, as people run it.

`mergekit_merge.py --serve {}`: a request is {"recipe": path, "out": path}; the answer has seconds and peakBytes.
"""

import os
import subprocess
import sys
import time

from serve import serve

TOOL = os.path.join(os.path.dirname(sys.executable), "mergekit-yaml")


def merge(request):
    start = time.perf_counter()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        child = subprocess.Popen([TOOL, request["recipe"], request["out"]], stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise RuntimeError(f"mergekit-yaml ended with status {status}")
    return {"seconds": time.perf_counter() - start, "peakBytes": usage.ru_maxrss * 1024}


serve(merge)
