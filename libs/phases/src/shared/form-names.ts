/** The forms in which a ternary model is written besides the one that is trained on. */
export const TERNARY_FORMS = ['gguf-tq2', 'gguf-tq1', 'hf-packed', 'onnx-q2'] as const;
/** Those of a floating-point model. */
export const FLOAT_FORMS = ['gguf-f16', 'gguf-q8', 'gguf-q4', 'onnx-fp32', 'onnx-q4'] as const;

/** A form that other programs read. */
export type Form = (typeof TERNARY_FORMS)[number] | (typeof FLOAT_FORMS)[number];
