import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A project of the Nx workspace and what its sources import. */
export interface Project {
  readonly name: string;
  readonly dir: string;
  /** Out of its tag `layer:NAME`. */
  readonly layer: string;
  /** What its project.json tells Nx that it depends on. */
  readonly declared: readonly string[];
  /** Projects whose packages its sources import. */
  readonly imported: readonly string[];
}

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.nx', '.venv', '.cache', 'fixtures']);
/** `from '@agent-forge/NAME'`, `import('@agent-forge/NAME')`, and sub-paths of them. */
const IMPORT = /(?:from\s+|import\s*\(?\s*)'@agent-forge\/([a-z-]+)(?:\/[^']*)?'/g;

function filesBelow(dir: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, wanted);
    return wanted(entry.name) ? [path] : [];
  });
}

/** The TypeScript files below a folder. */
export function readSources(dir: string): string[] {
  return filesBelow(dir, (name) => name.endsWith('.ts')).map((path) => readFileSync(path, 'utf8'));
}

/** All projects of libs/ and apps/. */
export function readProjects(): Project[] {
  const files = ['libs', 'apps'].flatMap((top) => filesBelow(join(ROOT, top), (name) => name === 'project.json'));
  return files.map((file) => {
    const dir = dirname(file);
    const json = JSON.parse(readFileSync(file, 'utf8')) as {
      name: string;
      tags: string[];
      implicitDependencies?: string[];
    };
    const imported = readSources(join(dir, 'src')).flatMap((text) =>
      [...text.matchAll(IMPORT)].map((match) => match[1]!),
    );
    return {
      name: json.name,
      dir,
      layer: json.tags.find((tag) => tag.startsWith('layer:'))?.slice('layer:'.length) ?? '',
      declared: [...(json.implicitDependencies ?? [])].sort(),
      imported: [...new Set(imported)].filter((name) => name !== json.name).sort(),
    };
  });
}
