import { ForgeError } from '@agent-forge/contracts';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

/** Where something stands in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A value of a YAML file that remembers where it stands. */
export type Located = LocatedMap | LocatedList | LocatedScalar;

export interface LocatedMap {
  readonly kind: 'map';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, { readonly at: Place; readonly value: Located }>;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly Located[];
}

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly at: Place;
  readonly value: string | number | boolean | null;
}

/** A recipe for a hundred layers of a dozen models has a few thousand; aliases could multiply them without end. */
const MAX_NODES = 100_000;
/** Recipes nest about ten deep. */
const MAX_DEPTH = 40;

/** Error about a place in a file: `merge.yaml:3:5: problem`. */
export function errorAt(path: string, at: Place, problem: string): ForgeError {
  return new ForgeError('INVALID_ARGUMENT', `${path}:${at.line}:${at.column}: ${problem}`);
}

/**
 * Reads one YAML 1.2 document, with aliases and merge keys resolved.
 * @param path for messages
 * @throws ForgeError `INVALID_ARGUMENT` with line and column when it is malformed, has tags, or is too large or too deep
 */
export function parseLocatedYaml(text: string, path: string): Located {
  const lines = new LineCounter();
  const document = parse(text, path, lines);
  for (const { pos, message } of [...document.errors, ...document.warnings])
    throw errorAt(path, placeAt(lines, pos[0]), message.replaceAll('\n', ' '));
  if (document.contents === null) throw errorAt(path, { line: 1, column: 1 }, 'the file is empty');
  return new Converter(document, lines, path).convert(document.contents, 0);
}

function parse(text: string, path: string, lineCounter: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) throw errorAt(path, { line: 1, column: 1 }, 'it is nested too deeply');
    throw error;
  }
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

class Converter {
  private nodes = 0;

  constructor(
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
    private readonly path: string,
  ) {}

  convert(node: Node | null, depth: number): Located {
    const at = placeAt(this.lines, node?.range?.[0] ?? 0);
    if (depth > MAX_DEPTH) throw errorAt(this.path, at, `it is nested more than ${MAX_DEPTH} deep`);
    if (++this.nodes > MAX_NODES) throw errorAt(this.path, at, `it has more than ${MAX_NODES} values`);
    if (isAlias(node)) {
      const target = node.resolve(this.document);
      if (target === undefined) throw errorAt(this.path, at, `there is no anchor ${node.source}`);
      return this.convert(target, depth + 1);
    }
    if (isSeq(node))
      return { kind: 'list', at, items: node.items.map((item) => this.convert(item as Node, depth + 1)) };
    if (isMap(node)) return { kind: 'map', at, entries: this.entries(node, depth) };
    return { kind: 'scalar', at, value: this.scalar(isScalar(node) ? node.value : null, at) };
  }

  private scalar(value: unknown, at: Place): LocatedScalar['value'] {
    if (value === null || value === undefined) return null;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    throw errorAt(this.path, at, 'this kind of value is not used in recipes');
  }

  private entries(node: { items: { key: unknown; value: unknown }[] }, depth: number): LocatedMap['entries'] {
    const own = new Map<string, { at: Place; value: Located }>();
    const merged: LocatedMap[] = [];
    for (const { key, value } of node.items) {
      const { at, value: name } = this.convert(key as Node, depth + 1) as LocatedScalar;
      if (name === undefined) throw errorAt(this.path, at, 'a key is a plain text');
      const located = this.convert(value as Node | null, depth + 1);
      if (name === '<<') merged.push(...this.mergeable(located));
      else own.set(String(name), { at, value: located });
    }
    for (const { entries } of merged) for (const [name, entry] of entries) if (!own.has(name)) own.set(name, entry);
    return own;
  }

  /** What the merge key `<<` may stand for: a map, or a list of maps. */
  private mergeable(located: Located): LocatedMap[] {
    const maps = located.kind === 'list' ? located.items : [located];
    for (const map of maps) if (map.kind !== 'map') throw errorAt(this.path, map.at, '<< merges maps only');
    return maps as LocatedMap[];
  }
}
