/** Everything here is at 8 kHz, in frames of 20 ms. */
export const sampleRate = 8000
export const frameMs = 20
export const frameSamples = (sampleRate * frameMs) / 1000

/** ms without a word after which nothing is known: people answer within two seconds, machines begin within three. */
export const initialSilenceMs = 4000

/**
 * ms of speech, short pauses included, that only machines say before they listen: "Yes, this is Anna speaking" takes about 1.7 s,
 * "You have reached …" goes on for more than 3 s.
 */
export const greetingMs = 2000

/** ms of silence after a short greeting by which a person lets the other side speak. Machines pause for 0.3 to 0.6 s. */
export const turnMs = 800

/** ms after which nothing more is waited for: the longest silence, the longest greeting of a person, and the pause after it. */
export const totalMs = initialSilenceMs + greetingMs + turnMs + 200

/** ms after the verdict that a beep is looked for: greetings are rarely longer than half a minute. */
export const beepSearchMs = 45_000

/** A pause between words of up to so many ms belongs to the speech. */
export const wordGapMs = 200

/** dB over the noise from which a frame is speech: the noise itself varies by 6 dB from frame to frame. */
export const speechOverNoiseDb = 9
/** dB below full scale between which the noise of a line is taken to be, whatever is measured. */
export const quietestNoiseDbfs = -60
export const loudestNoiseDbfs = -42
/** ms in which the quietest moment is the noise: speech has a gap between sounds in every second. */
export const noiseWindowMs = 1500
/** Active frames that make speech: what is shorter than 80 ms is a click. */
export const speechFrames = 4

/** Hz under which a telephone line carries hum and rumble, but no speech that is needed and no beep. */
export const highPassHz = 260
/** Hz between which machines beep. */
export const beepHz = { from: 300, to: 2000 } as const
/** Share of a frame's energy in one frequency that makes it a tone: speech has its energy in several harmonics. */
export const tonePurity = 0.8
/** dB below full scale under which no tone is looked for. */
export const quietestToneDbfs = -42
/** How far the frequency of one tone may vary: a share of it, or Hz where that is more. */
export const toneDrift = { share: 0.04, hz: 20 } as const
/** Whole frames in a beep: one of 120 ms fills five of them, wherever it begins. */
export const beepFrames = 5
/** ms beyond which a tone is no beep but a line's signal. */
export const longestBeepMs = 3000
/** ms after a tone in which there must be `beepQuietMs` of quiet: after its beep a machine listens. */
export const beepSettleMs = 240
export const beepQuietMs = 100
/** Tones one right after the other by which a network says that a call failed (ITU-T E.180: three, rising). */
export const networkTones = 3
