import { openSafetensors } from './open-safetensors.js';

/* Test tool, run as a process of its own with little memory: opens a file and prints the code of the refusal. */
const [path = ''] = process.argv.slice(2);
try {
  await openSafetensors(path);
  process.stdout.write('opened');
} catch (error) {
  process.stdout.write(String((error as { code?: unknown }).code));
}
