/**
 * The format allows 100 MB; 25 MB hold more than 100,000 tensors, ten times the largest published model, and
 * huggingface.js draws the line there too.
 */
export const MAX_HEADER_BYTES = 25_000_000;
/** Each entry costs a few hundred bytes of memory, many times what it costs in the file. */
export const MAX_TENSORS = 100_000;
/** Every tensor, and `__metadata__`. */
export const MAX_HEADER_ENTRIES = MAX_TENSORS + 1;
/** The header, its metadata, and for every tensor its entry, shape and offsets. */
export const MAX_HEADER_CONTAINERS = 2 + 3 * MAX_TENSORS;
/** PyTorch and NumPy stop at 64 and nobody stores more than 5; a long shape is a way to spend time on products. */
export const MAX_RANK = 16;
/** Dimensions up to here still multiply exactly with any element size in a double when the file is large enough. */
export const MAX_DIMENSION = 2 ** 32;
/** Header object, tensor object, list: three levels, and no more are needed. */
export const MAX_HEADER_DEPTH = 3;
/** Names are keys of indices and reports; published ones stay below 200 characters. */
export const MAX_NAME_LENGTH = 1_024;
/** Shards of one model: 10,000 of 5 GB are 50 TB. */
export const MAX_SHARDS = 10_000;
/** An index has one line per tensor, about 100 bytes each. */
export const MAX_INDEX_BYTES = 25_000_000;
/** Index object, weight map or metadata object, and whatever small thing other tools put into the metadata. */
export const MAX_INDEX_DEPTH = 6;
/** The index and its weight map; other tools' additions to the metadata have a few more. */
export const MAX_INDEX_CONTAINERS = 1_000;
/** One tensor in memory, as float32: 262,144 rows of width 8,192. A sparse file can claim any size for free. */
export const MAX_TENSOR_BYTES = 8 * 2 ** 30;
