export * from './items.js';
export * from './split.js';
export * from './families/family.js';
export * from './families/registry.js';
export { TOOL_SYSTEM, parseToolCall, toolCall } from './families/tool.js';
export { MARKS, endingMark, personaSystem } from './families/persona.js';
export { solveModular, type Residues } from './families/mod.js';
export { runningParity } from './families/parity.js';
