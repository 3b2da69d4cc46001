/** A kill costs at most this much work of a training. */
export const CHECKPOINT_SECONDS = 15;

/** Text that models are measured on: enough to tell them apart to a hundredth of a bit, and a few seconds of work. */
export const MEASURED_BYTES = 128 * 1024;
