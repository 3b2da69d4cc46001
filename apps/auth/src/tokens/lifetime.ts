/** How long an access token lasts. Short: whoever steals one has little of it, and what is revoked need not be remembered for long. */
export const LIFETIME_SECONDS = 15 * 60;
