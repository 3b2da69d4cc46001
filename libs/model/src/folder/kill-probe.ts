import { openModelFolder } from './read-model-folder.js';
import { writeModelFolder } from './write-model-folder.js';

/* Test tool, run as a process of its own: copies a model folder and kills itself after some of the tensors. */
const [source = '', target = ''] = process.argv.slice(2);
const TENSORS_BEFORE_DEATH = 5;

const folder = await openModelFolder(source);
let count = 0;
const read: typeof folder.read = async (name) => {
  if (++count > TENSORS_BEFORE_DEATH) process.kill(process.pid, 'SIGKILL');
  return folder.read(name);
};
await writeModelFolder(target, { ...folder, weights: { shapes: folder.shapes, read } });
