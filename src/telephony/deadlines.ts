/**
 * How long each state of a call may last before the sweeper looks into it, s. Every one has a reserve on top of what
 * the carrier was asked for: the carrier's own word is better than our guess.
 */

/** How long a destination may ring. Carriers take up to 5 s more than they were asked for. */
export const ringSeconds = 60

/** From the answer, or from an inbound call's arrival, until its media socket must have opened. */
export const mediaSeconds = 60

/** On top of the ring time and of the longest allowed duration. */
export const reserveSeconds = 30

/** How long an agent that was connected before there is audio waits for it. */
export const preparedSeconds = { inbound: mediaSeconds, outbound: ringSeconds + reserveSeconds }

/** From the end of the media until the call must be over. */
export const farewellSeconds = 60

/** A hang-up that its own node did not see through is taken over by the sweeper after this time. */
export const hangupGraceSeconds = 20

/** On top of the time that a transfer's destination may ring: the carrier's own word is better than our guess. */
export const ringReserveSeconds = 5

/** How long each step of a transfer may take besides the ringing: beginning it, and joining the two. */
export const joinSeconds = 40

/** How long a transfer's destination rings unless the request says otherwise, and what may be asked for. */
export const transferRing = { seconds: 30, least: 5, most: 120 }
