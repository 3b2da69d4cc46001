import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PYTHON, ANY_VENDOR } from '../../peers/paths.mjs';

/** A first answer may include compiling a model; one that takes longer than this is stuck. */
const ANSWER_TIMEOUT_MS = 300_000;
/** Lines of its stderr that are kept to explain why a peer died. */
const STDERR_LINES = 6;

/** A peer that is missing, died or reported an error; its message says what to do. */
export class PeerError extends Error {
  name = 'PeerError';
}

/** A Python peer that stays warm: one JSON request a line, one JSON answer a line (tools/peers/serve.py). */
export class Peer {
  constructor(script, settings, env = {}) {
    if (!existsSync(PYTHON)) throw new PeerError('the peers are not installed; run: npm run peers');
    const path = join(import.meta.dirname, '../../peers', script);
    this.script = script;
    this.stderr = [];
    this.child = spawn(PYTHON, [path, '--serve', JSON.stringify(settings)], { env: { ...process.env, ...env } });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    createInterface({ input: this.child.stderr }).on(
      'line',
      (line) => this.stderr.push(line) > STDERR_LINES && this.stderr.shift(),
    );
    this.child.stdin.on('error', () => {}); // a peer that died is noticed by its missing answer
  }

  /** Sends one request and waits for its answer. */
  async ask(request) {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), ANSWER_TIMEOUT_MS);
    const { value, done } = await this.answers.next();
    clearTimeout(timer);
    if (done) throw new PeerError(`${this.script} stopped: ${this.stderr.join(' | ') || 'no message'}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new PeerError(`${this.script}: ${answer.error}`);
    return answer;
  }

  /** Lets the peer end. */
  close() {
    this.child.stdin.end();
  }
}

/**
 * The environments in which PyTorch is tried. Its MKL picks kernels by the CPU's vendor, not by what the CPU can do: on an
 * AMD processor it leaves AVX-512 unused. `torchAvx512` is the same PyTorch with that test answered yes
 * (tools/peers/mkl_any_vendor.c), the strongest peer there is; it exists only where `npm run peers` found it to apply.
 */
export function peerVariants() {
  return { torch: {}, ...(existsSync(ANY_VENDOR) ? { torchAvx512: { LD_PRELOAD: ANY_VENDOR } } : {}) };
}
