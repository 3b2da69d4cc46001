// What benchmarks share: the machine, a table, the ceilings measured in the same run, and peers that take turns with us.
export { machine, warnIfBusy } from './lib/machine.mjs';
export { table } from './lib/table.mjs';
export { MatMulCeiling, MemoryBandwidth } from './lib/ceilings.mjs';
export { Peer, PeerError, peerVariants } from './lib/peer.mjs';
export { takeTurns } from './lib/turns.mjs';
export { Trainer } from './lib/trainer.mjs';
export { measureNode } from './lib/command.mjs';
export { writeMergeModels } from './lib/merge-models.mjs';
