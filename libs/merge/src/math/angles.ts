/** Coefficients of two vectors. */
export type Pair = readonly [number, number];

/** (1 − t)·a + t·b */
export const lerpPair = (t: number): Pair => [1 - t, t];

/** Spherical interpolation at `t` of two vectors whose angle has this cosine (Shoemake, "Animating Rotation with Quaternion Curves", 1985). */
export function slerpPair(t: number, cosine: number): Pair {
  const angle = Math.acos(cosine);
  const sine = Math.sin(angle);
  return [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
}

export const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
