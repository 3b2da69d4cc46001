import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PEERS = join(ROOT, 'tools/peers');
/** The virtual environment of the peers; git-ignored, made by `npm run peers`. */
export const VENV = join(ROOT, '.venv');
export const PYTHON = join(VENV, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
/** What {@link file://./mkl_any_vendor.c} compiles to; absent where it does not apply. */
export const ANY_VENDOR = join(VENV, 'mkl_any_vendor.so');
