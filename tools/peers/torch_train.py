"""PyTorch as the peer of `npm run bench -- train`: the same Llama, the same step, on the same threads.

Reads one JSON object from argv: {"shapes": [[vocabulary, width, layers, heads, kvHeads, ffn], ...], "batch": 8,
"sequence": 128, "seconds": 4, "windows": 3, "threads": 2}, and prints one JSON row for each shape: parameters,
eagerTokensPerSecond, compiledTokensPerSecond, matmulGflops. With `--serve` it answers one measuring window at a time
instead, so that windows of two engines can take turns on a noisy machine.

Tried on 2 Zen 5 cores, at all three shapes of the benchmark:
- torch.compile with max-autotune-no-cudagraphs against its default mode: 3 to 5 % faster; kept.
- Compiling clipping and optimiser as well: no faster. cpp_wrapper: no faster. Denormals flushed or not: the same; flushed.
- Huge pages (THP_MEM_ALLOC_ENABLE=1): within the noise. Keeping malloc from giving memory back: undecided, the machine was busy.
- Taken as usual practice, not compared: one product for q, k and v and one for gate and up, the fused AdamW, gradients
  set to None.
- MKL with AVX-512 on AMD (mkl_any_vendor.c): products twice as fast; a contestant of its own in tools/bench.
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from serve import serve

ROPE_THETA = 10_000.0
EPSILON = 1e-5
WARM_UP_STEPS = 3


def rotate(x, cos, sin):
    """Rotary embedding in the half-rotation layout: element i turns with element i + head_dim / 2."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)


class Block(nn.Module):
    """Pre-norm decoder layer: grouped-query attention, then SwiGLU. One product for q, k, v and one for gate, up."""

    def __init__(self, width, heads, kv_heads, ffn):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, width // heads
        self.attention_norm = nn.RMSNorm(width, eps=EPSILON)
        self.qkv = nn.Linear(width, (heads + 2 * kv_heads) * self.head_dim, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.ffn_norm = nn.RMSNorm(width, eps=EPSILON)
        self.gate_up = nn.Linear(width, 2 * ffn, bias=False)
        self.down = nn.Linear(ffn, width, bias=False)

    def forward(self, x, cos, sin):
        batch, sequence, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, sequence, -1, self.head_dim).transpose(1, 2)
        q, k, v = qkv.split((self.heads, self.kv_heads, self.kv_heads), dim=1)
        mixed = F.scaled_dot_product_attention(
            rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True, enable_gqa=self.heads != self.kv_heads
        )
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, sequence, width))
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class Llama(nn.Module):
    """Llama with a tied head and no biases. Call: token ids and targets [batch, sequence] to the mean loss in nats."""

    def __init__(self, vocabulary, width, layers, heads, kv_heads, ffn, sequence):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads, kv_heads, ffn) for _ in range(layers))
        self.norm = nn.RMSNorm(width, eps=EPSILON)
        head_dim = width // heads
        frequency = ROPE_THETA ** (-torch.arange(0, head_dim, 2) / head_dim)
        angle = torch.outer(torch.arange(sequence), frequency)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Trainer:
    """One model with its optimiser and a step: forward, backward, clipping to norm 1, AdamW."""

    def __init__(self, shape, batch, sequence, compiled):
        torch.manual_seed(0)
        self.tokens_per_step = batch * sequence
        self.model = Llama(*shape, sequence)
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.loss = torch.compile(self.model, fullgraph=True, mode="max-autotune-no-cudagraphs") if compiled else self.model
        matrices = [p for p in self.model.parameters() if p.dim() > 1]
        vectors = [p for p in self.model.parameters() if p.dim() == 1]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=3e-4, betas=(0.9, 0.95), fused=True)
        ids = torch.randint(shape[0], (batch, sequence + 1))
        self.tokens, self.targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
        for _ in range(WARM_UP_STEPS):
            self.step()

    def step(self):
        loss = self.loss(self.tokens, self.targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.item()

    def window(self, seconds):
        """Whole steps for at least `seconds`, and at least one; tokens per second."""
        start, steps, elapsed = time.perf_counter(), 0, 0.0
        while elapsed < seconds or steps == 0:
            loss, steps = self.step(), steps + 1
            elapsed = time.perf_counter() - start
        return {"tokensPerSecond": steps * self.tokens_per_step / elapsed, "steps": steps, "loss": loss}


def matmul_gflops(size=1024, seconds=1.0):
    """Best rate of one fp32 product of two size x size matrices, in GFLOP/s."""
    a, b, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)
    best, start = 0.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        torch.mm(a, b, out=out)
        best = max(best, 2 * size**3 / (time.perf_counter() - begin) / 1e9)
    return best


def rows(options):
    """All shapes, each as the best of `windows` windows, eager and compiled taking turns."""
    modes = ("eager", "compiled")
    for shape in options["shapes"]:
        torch.compiler.reset()
        trainers = {m: Trainer(shape, options["batch"], options["sequence"], m == "compiled") for m in modes}
        best = {mode: 0.0 for mode in trainers}
        for _ in range(options["windows"]):
            for mode, trainer in trainers.items():
                best[mode] = max(best[mode], trainer.window(options["seconds"])["tokensPerSecond"])
        yield {
            "parameters": trainers["eager"].parameters,
            "eagerTokensPerSecond": best["eager"],
            "compiledTokensPerSecond": best["compiled"],
            "matmulGflops": matmul_gflops(),
        }


def main():
    options = json.loads(sys.argv[-1])
    torch.set_num_threads(options["threads"])
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    if "--serve" not in sys.argv:
        for row in rows(options):
            print(json.dumps(row), flush=True)
        return
    held = {"shape": None}

    def answer(request):
        shape, mode = request["shape"], request["mode"]
        if held["shape"] != shape:  # one shape at a time in memory
            held.clear()
            held["shape"] = shape
            torch.compiler.reset()
        if mode not in held:
            held[mode] = Trainer(shape, options["batch"], options["sequence"], mode == "compiled")
        return {"parameters": held[mode].parameters, **held[mode].window(request["seconds"])}

    serve(answer)


main()
