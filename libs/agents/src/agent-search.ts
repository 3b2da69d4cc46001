import { ForgeError, Rng, type Json } from '@agent-forge/contracts';
import { problemOf } from './check-agent.js';
import { designs, missing, type Means } from './designs.js';
import { agentDigest, type AgentDocument } from './document.js';
import { paretoFront, type Valued } from './pareto.js';
import type { Failure, Score } from './score.js';
import { cross, mutate } from './vary.js';

/** Settings of an {@link AgentSearch}. */
export interface AgentSearchSettings {
  readonly seed: number | string;
  /** Candidates of each generation after the designs by hand. */
  readonly population: number;
  readonly means: Means;
}

/** A candidate that was scored. */
export interface Accepted extends Score {
  readonly agent: AgentDocument;
  readonly digest: string;
  /** 0 for the designs by hand. */
  readonly generation: number;
}

/** A candidate that never came into the archive. */
export interface Rejected {
  readonly agent: AgentDocument;
  readonly digest: string;
  readonly generation: number;
  readonly reason: string;
}

interface State {
  generation: number;
  /** What {@link AgentSearch.ask} gives. */
  open: AgentDocument[];
  generated: number;
  accepted: Accepted[];
  rejected: Rejected[];
}

/** How often a child is of two parents. */
const CROSS_SHARE = 0.3;
/** A parent is the most accurate of so many: not always the best, so that a bad step can lead to a good one. The front would not do, since what costs least is often wrong. */
const TOURNAMENT = 3;
/** A child that is known already is changed up to so many times more. */
const MORE_MUTATIONS = 4;

/**
 * Evolution of agents with an archive (Hu et al. 2025, arXiv:2408.08435), by mutation and crossover of typed graphs instead of a model that
 * writes code. It is asked for candidates and told what they are worth on select. Every candidate that was ever generated is either accepted
 * or rejected with its reason: none vanishes. Its state is plain data; whoever saves it goes on with the same trajectory.
 */
export class AgentSearch {
  private readonly current: State;

  /** @param state of an earlier one with the same settings */
  constructor(
    private readonly settings: AgentSearchSettings,
    state?: Json,
  ) {
    this.current = state === undefined ? empty() : (structuredClone(state) as unknown as State);
    if (state === undefined) this.propose(designs(settings.means));
  }

  /** Generations that were told; the first is the designs by hand. */
  get generation(): number {
    return this.current.generation;
  }
  /** Everything that was proposed: told as accepted or rejected, or asked now. */
  get generated(): number {
    return this.current.generated;
  }
  get accepted(): readonly Accepted[] {
    return this.current.accepted;
  }
  get rejected(): readonly Rejected[] {
    return this.current.rejected;
  }

  /** Those that no other beats in both accuracy and tokens, cheapest first. */
  front(): Accepted[] {
    return paretoFront(this.current.accepted);
  }

  /** The candidates of this generation; the same until {@link tell}. None where all that were proposed are known already. */
  ask(): readonly AgentDocument[] {
    return this.current.open;
  }

  /**
   * @param results of the candidates of {@link ask}, in their order
   * @throws ForgeError INVALID_ARGUMENT for another number of results
   */
  tell(results: readonly (Score | Failure)[]): void {
    const { open, generation } = this.current;
    if (results.length !== open.length)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `${open.length} candidates were asked, but ${results.length} results told`,
      );
    open.forEach((agent, i) => {
      const result = results[i]!;
      if ('failed' in result) this.reject(agent, result.failed);
      else if (result.accuracy === 0) this.reject(agent, 'no answer was right');
      else this.current.accepted.push({ agent, digest: agentDigest(agent), generation, ...result });
    });
    this.current.generation += 1;
    this.propose(this.children());
  }

  state(): Json {
    return structuredClone(this.current) as unknown as Json;
  }

  private children(): AgentDocument[] {
    const { seed, population, means } = this.settings;
    const { accepted, generation } = this.current;
    if (accepted.length === 0) return [];
    const rng = Rng.derive(seed, 'agents', generation);
    const known = this.known();
    const parent = (): AgentDocument => {
      const drawn = Array.from({ length: TOURNAMENT }, () => rng.pick(accepted));
      return drawn.reduce((best, one) => (isBetter(one, best) ? one : best)).agent;
    };
    return Array.from({ length: population }, () => {
      let child = rng.float() < CROSS_SHARE ? cross(parent(), parent()) : mutate(parent(), rng, means);
      for (let left = MORE_MUTATIONS; left > 0 && known.has(agentDigest(child)); left--)
        child = mutate(child, rng, means);
      known.add(agentDigest(child));
      return child;
    });
  }

  /** Digests of everything that was told or rejected. */
  private known(): Set<string> {
    return new Set([...this.accepted, ...this.rejected].map(({ digest }) => digest));
  }

  /** Opens what is worth a trial, and rejects the rest at once. */
  private propose(agents: readonly AgentDocument[]): void {
    this.current.open = [];
    this.current.generated += agents.length;
    const known = this.known();
    for (const agent of agents) {
      const digest = agentDigest(agent);
      const reason = known.has(digest)
        ? 'it was generated before'
        : (problemOf(agent) ?? missing(agent, this.settings.means));
      known.add(digest);
      if (reason === undefined) this.current.open.push(agent);
      else this.reject(agent, reason);
    }
  }

  private reject(agent: AgentDocument, reason: string): void {
    const { rejected, generation } = this.current;
    rejected.push({ agent, digest: agentDigest(agent), generation, reason });
  }
}

/** More accurate, or as accurate with fewer tokens. */
function isBetter(a: Valued, b: Valued): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.tokens < b.tokens);
}

function empty(): State {
  return { generation: 0, open: [], generated: 0, accepted: [], rejected: [] };
}
