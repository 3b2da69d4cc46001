import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { openSafetensors } from './open-safetensors.js';
import { fileOf } from './testing.js';
import { streamSafetensors } from './write-safetensors.js';

/*
 * Test tool, run as a process of its own: reads a sparse bfloat16 file of so many equal tensors one by one, and copies
 * it if a second path is given. Prints the peak of resident memory above the start, in bytes.
 */
const [path = '', count = '1', tensorBytes = '0', copy = ''] = process.argv.slice(2);
const sizeBytes = Number(tensorBytes);
const entries = Array.from({ length: Number(count) }, (_, i) => {
  return [`layer.${i}`, { dtype: 'BF16', shape: [sizeBytes / 2], data_offsets: [i * sizeBytes, (i + 1) * sizeBytes] }];
});
const header = fileOf(Object.fromEntries(entries));
const file = openSync(path, 'w');
writeSync(file, header);
ftruncateSync(file, header.length + Number(count) * sizeBytes);
closeSync(file);

const before = process.memoryUsage().rss;
const source = await openSafetensors(path);
if (copy === '') {
  for (const name of source.tensors.keys())
    if ((await source.read(name)).data.length !== sizeBytes / 2) throw new Error(name);
} else {
  const specs = new Map([...source.tensors].map(([name, { shape }]) => [name, { dtype: 'BF16', shape }] as const));
  await streamSafetensors(copy, specs, (name) => source.read(name));
}
// maxRSS is in kibibytes.
process.stdout.write(String(process.resourceUsage().maxRSS * 1024 - before));
for (const each of [path, copy]) if (each !== '') rmSync(each, { force: true });
