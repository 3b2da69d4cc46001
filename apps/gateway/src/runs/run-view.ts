import type { ArtifactRef, ArtifactView, ErrorInfo, ErrorView, PhaseView, RunView } from '@agent-forge/contracts';
import type { PhaseState, RunState } from '@agent-forge/run';

/** A run as the API shows it. */
export function runView({ run, status, recipe, phases, artifacts, ...state }: RunState): RunView {
  const { requestedBy, requestedAt, endedAt, error, forkedFrom } = state;
  return {
    id: run,
    status,
    name: recipe.name,
    seed: recipe.seed,
    data: recipe.data.map(({ name, artifactId }) => ({ name, artifactId })),
    requestedBy,
    requestedAt,
    ...(endedAt ? { endedAt } : {}),
    ...(forkedFrom ? { forkedFrom } : {}),
    families: { ...recipe.families },
    models: recipe.models.map(({ name, artifactId }) => ({ name, artifactId })),
    phases: phases.map(phaseView),
    artifacts: artifacts.map(artifactView),
    ...(error ? { error: errorView(error) } : {}),
  };
}

function phaseView({ phase, status, attempt, failures, artifacts, metrics, ...state }: PhaseState): PhaseView {
  const { startedAt, endedAt, degraded, error, plan, notes } = state;
  return {
    phase,
    status,
    attempt,
    failures,
    ...(startedAt ? { startedAt } : {}),
    ...(endedAt ? { endedAt } : {}),
    artifacts: artifacts.map(artifactView),
    metrics: { ...metrics },
    ...(degraded ? { degraded } : {}),
    ...(error ? { error: errorView(error) } : {}),
    ...(plan === undefined ? {} : { plan }),
    notes: notes.map(({ attempt: at, code, message }) => ({ attempt: at, code, message })),
  };
}

function artifactView({ id, kind, role }: ArtifactRef): ArtifactView {
  return { id, kind, role };
}

function errorView({ code, message }: ErrorInfo): ErrorView {
  return { code, message };
}
