import { ForgeError } from '@agent-forge/contracts';
import { type FloatType, type TensorData, allocate } from '../ir/dtype.js';
import { type HostTensor, Session, type SessionOptions } from '../session/session.js';
import type { TrainProgram } from './program.js';

/** Batch tensors of one optimiser step: each field with its micro-batch axis, in C order. */
export type StepBatch = Readonly<Record<string, TensorData>>;

/** What one optimiser step reports. */
export interface StepReport {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Tensors by name. */
export type TensorMap = ReadonlyMap<string, TensorData>;

/**
 * Runs a training program: owns the parameters and the optimiser state, and advances them a number of steps per call.
 * Two sets of buffers take turns as inputs and outputs, so that no array is ever read while it is written.
 */
export class TrainLoop {
  private current: Record<string, HostTensor> = {};
  private spare: Record<string, HostTensor> = {};
  private readonly frozen: Record<string, HostTensor> = {};
  /** Steps done so far. */
  step = 0;

  private constructor(
    private readonly program: TrainProgram,
    private readonly session: Session,
    private readonly float: FloatType,
  ) {}

  /**
   * @param initial values of all parameters and frozen tensors, by name; copied
   * @throws ForgeError `GRAPH_INVALID` when a tensor is missing or has another length
   */
  static async create(program: TrainProgram, initial: TensorMap, options: SessionOptions = {}): Promise<TrainLoop> {
    const session = await Session.of(program.graph, program.outputs, options);
    const loop = new TrainLoop(program, session, program.graph.float);
    for (const p of [...program.options.parameters, ...program.slots]) {
      loop.current[p.name] = loop.tensor(p.shape);
      loop.spare[p.name] = loop.tensor(p.shape);
    }
    for (const p of program.options.frozen ?? []) loop.frozen[p.name] = loop.tensor(p.shape);
    try {
      const names = [...program.options.parameters, ...(program.options.frozen ?? [])].map((p) => p.name);
      loop.load(initial, names, 'GRAPH_INVALID');
      return loop;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  private tensor(shape: readonly number[]): HostTensor {
    return {
      dtype: this.float,
      shape,
      data: allocate(
        this.float,
        shape.reduce((a, b) => a * b, 1),
      ),
    };
  }

  /** Copies values in, all or none of them. */
  private load(values: TensorMap, names: readonly string[], code: 'GRAPH_INVALID' | 'CHECKPOINT_INVALID'): void {
    const pairs = names.map((name) => {
      const target = (this.current[name] ?? this.frozen[name]!).data;
      const source = values.get(name);
      if (source?.length === target.length) return [target, source] as const;
      const given = source ? `${source.length} values` : 'no value';
      throw new ForgeError(code, `${name}: ${given} for ${target.length} elements`);
    });
    for (const [target, source] of pairs) (target as Float32Array).set(source as Float32Array);
  }

  /**
   * Advances by `batches.length` optimiser steps in one call of the session.
   * @param factor the schedule's factor at a step (1-based)
   * @throws ForgeError `INVALID_ARGUMENT` on a batch that does not fit, or an index outside its table; nothing has changed then
   */
  async advance(batches: readonly StepBatch[], factor: (step: number) => number): Promise<StepReport[]> {
    const n = batches.length;
    if (n === 0) throw new ForgeError('INVALID_ARGUMENT', 'training advances by at least one batch');
    const inputs: Record<string, HostTensor> = { ...this.current, ...this.frozen };
    for (const [name, field] of Object.entries(this.program.options.batch))
      inputs[`batch/${name}`] = this.stack(name, field.shape, batches);
    const rows = batches.map((_, i) => this.program.scalars(this.step + i + 1, factor(this.step + i + 1)));
    for (const name of Object.keys(rows[0]!)) {
      const data = allocate(this.float, n) as Float32Array;
      rows.forEach((r, i) => (data[i] = r[name]!));
      inputs[`scalar/${name}`] = { dtype: this.float, shape: [n], data };
    }
    const into = Object.fromEntries(Object.entries(this.spare).map(([name, t]) => [`new/${name}`, t]));
    const results = await this.session.run(inputs, into);
    [this.current, this.spare] = [this.spare, this.current];
    const read = (name: string, i: number): number => (results[name]!.data as Float32Array)[i]!;
    const reports = batches.map((_, i) => ({
      step: this.step + i + 1,
      loss: read('loss', i),
      gradientNorm: read('gradientNorm', i),
      metrics: Object.fromEntries(this.program.metrics.map((m) => [m, read(m, i)])),
    }));
    this.step += n;
    return reports;
  }

  private stack(name: string, shape: readonly number[], batches: readonly StepBatch[]): HostTensor {
    const { accumulation = 1, batch } = this.program.options;
    const dtype = batch[name]!.dtype === 'float32' ? this.float : batch[name]!.dtype;
    const lead = accumulation > 1 ? [batches.length, accumulation] : [batches.length];
    const size = shape.reduce((a, b) => a * b, 1) * accumulation;
    const data = allocate(dtype, size * batches.length) as Float32Array;
    batches.forEach((b, i) => {
      const source = b[name];
      if (source?.length !== size)
        throw new ForgeError(
          'INVALID_ARGUMENT',
          `batch field ${name} has ${source?.length ?? 0} values instead of ${size}`,
        );
      data.set(source as Float32Array, i * size);
    });
    return { dtype, shape: [...lead, ...shape], data };
  }

  /** The present value of a parameter or state tensor: the live buffer, to be copied by whoever keeps it. */
  value(name: string): TensorData {
    const tensor = this.current[name];
    if (!tensor) throw new ForgeError('INVALID_ARGUMENT', `no parameter or state named ${name}`);
    return tensor.data;
  }

  /** Copies of all optimiser and filter state, for a checkpoint. */
  state(): Map<string, Float32Array> {
    return new Map(this.program.slots.map((s) => [s.name, (this.current[s.name]!.data as Float32Array).slice()]));
  }

  /**
   * Goes back to a checkpoint: parameters, state and step counter.
   * @throws ForgeError `CHECKPOINT_INVALID` when a tensor is missing or has another length; nothing has changed then
   */
  restore(step: number, values: TensorMap): void {
    if (!Number.isInteger(step) || step < 0)
      throw new ForgeError('CHECKPOINT_INVALID', `step ${step} is no whole number from 0`);
    const names = [...this.program.options.parameters, ...this.program.slots].map((p) => p.name);
    this.load(values, names, 'CHECKPOINT_INVALID');
    this.step = step;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
