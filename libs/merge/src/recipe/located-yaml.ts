import { ForgeError } from '@agent-forge/contracts';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from 'yaml';
import { checkBounds, MAX_DEPTH } from './yaml-bounds.js';

/** Where something stands in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** Where it stands instead, when that is no file, for example `--set seed=2`. */
  readonly source?: string;
}

/** Something wrong at a place. */
export interface Mistake {
  readonly at: Place;
  /** One line: what is wrong, and what to do. */
  readonly problem: string;
}

/** The error about a {@link Mistake}: `merge.yaml:3:5: problem`. */
export class PlaceError extends ForgeError implements Mistake {
  constructor(
    path: string,
    readonly at: Place,
    readonly problem: string,
  ) {
    super('INVALID_ARGUMENT', `${at.source ?? `${path}:${at.line}:${at.column}`}: ${problem}`);
  }
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

/** One slip often brings a few complaints after it; nobody reads more. */
const MAX_SYNTAX_ERRORS = 20;
/** What the library says for programmers. */
const SAID_BETTER: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins here; a recipe is one, so remove what follows',
  UNRESOLVED_TAG: 'tags (!) are not used in recipes',
  TAG_RESOLVE_FAILED: 'tags (!) are not used in recipes',
};
/** A recipe for a hundred layers of a dozen models has a few thousand; aliases could multiply them without end. */
const MAX_NODES = 100_000;

/** Error about a place in a file: `merge.yaml:3:5: problem`. */
export function errorAt(path: string, at: Place, problem: string): ForgeError {
  return new PlaceError(path, at, problem);
}

/**
 * Reads one YAML 1.2 document, with aliases and merge keys resolved.
 * @param path for messages
 * @param mistakes takes all but the first complaint about the syntax, where several are wanted
 * @throws ForgeError `INVALID_ARGUMENT` with line and column when it is malformed, has tags, or is too large or too deep
 */
export function parseLocatedYaml(text: string, path: string, mistakes?: Mistake[]): Located {
  checkBounds(text, path);
  const lines = new LineCounter();
  // Keys that stand twice are found below: the library compares each with all before it.
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error', uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  const errors = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_ERRORS)
    .map(({ code, pos, message }) => new PlaceError(path, placeAt(lines, pos[0]), SAID_BETTER[code] ?? flat(message)));
  if (errors.length > 0) {
    mistakes?.push(...errors.slice(1));
    throw errors[0]!;
  }
  if (document.contents === null) throw errorAt(path, { line: 1, column: 1 }, 'the file is empty');
  return new Converter(anchorsOf(document), lines, path, mistakes).convert(document.contents, 0);
}

function flat(message: string): string {
  return message.replaceAll('\n', ' ');
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** What each alias stands for: the last node before it that has its anchor. (The library would search the document for each.) */
function anchorsOf(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
      } else if (anchors.has(node.source)) targets.set(node, anchors.get(node.source)!);
    },
  });
  return targets;
}

class Converter {
  private nodes = 0;

  constructor(
    private readonly aliases: ReadonlyMap<Alias, Node>,
    private readonly lines: LineCounter,
    private readonly path: string,
    private readonly mistakes: Mistake[] | undefined,
  ) {}

  convert(node: Node | null, depth: number): Located {
    const at = placeAt(this.lines, node?.range?.[0] ?? 0);
    if (depth > MAX_DEPTH) throw errorAt(this.path, at, `it is nested more than ${MAX_DEPTH} deep`);
    if (++this.nodes > MAX_NODES) throw errorAt(this.path, at, `it has more than ${MAX_NODES} values`);
    if (isAlias(node)) {
      const target = this.aliases.get(node);
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
      const before = own.get(String(name));
      if (before !== undefined)
        this.complain(at, `${String(name)} stands here twice (before in line ${before.at.line})`);
      if (name === '<<') merged.push(...this.mergeable(located));
      else own.set(String(name), { at, value: located });
    }
    for (const { entries } of merged) for (const [name, entry] of entries) if (!own.has(name)) own.set(name, entry);
    return own;
  }

  private complain(at: Place, problem: string): void {
    const error = new PlaceError(this.path, at, problem);
    if (this.mistakes === undefined) throw error;
    this.mistakes.push(error);
  }

  /** What the merge key `<<` may stand for: a map, or a list of maps. */
  private mergeable(located: Located): LocatedMap[] {
    const maps = located.kind === 'list' ? located.items : [located];
    for (const map of maps) if (map.kind !== 'map') throw errorAt(this.path, map.at, '<< merges maps only');
    return maps as LocatedMap[];
  }
}
