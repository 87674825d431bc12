import { readFileSync } from "node:fs"
import { Result } from "effect"
import { utterances } from "../../../scripts/answering-set/utterances.ts"
import type { Answerer } from "../../../src/answering/detector.ts"
import { mulawToSample } from "../../../src/audio/g711.ts"
import { readWav } from "../../../src/audio/wav.ts"
import { amplified, at, hum, joined, mixed, quiet, rumble, type Signal, tone, whiteNoise } from "./signals.ts"

/** How what is said gets to us. */
export const conditions = ["clean", "quiet line", "hiss", "car", "voices", "hum"] as const
export type Condition = (typeof conditions)[number]

/** A call of the test set. */
export interface Labelled {
  readonly name: string
  /** Who answered; unknown where it was neither a person nor a machine. */
  readonly who: Answerer
  readonly condition: Condition
  /** The first 6 s and more of what is heard, 8 kHz. */
  readonly signal: Signal
  /** When its beep ends, ms, where it has one. */
  readonly beepMs: number | undefined
  readonly beepHz: number | undefined
}

/** What a synthesiser said, as committed: -20 dB RMS, no silence around it. */
export const greeting = (name: string): Signal => {
  const file = readFileSync(new URL(`../greetings/${name}.wav`, import.meta.url))
  return Float64Array.from(Result.getOrThrow(readWav(file)).data, (code) => (mulawToSample[code] ?? 0) / 32768)
}

const msOf = (signal: Signal) => signal.length / 8

/** Other people, each saying something else: five greetings at once, over and over. */
const voices = (ms: number, dbfs: number): Signal => {
  const speakers = ["machine-family", "machine-sorry", "human-long", "machine-digits", "machine-anna"].map(greeting)
  const mixture = quiet(ms).map((_, i) =>
    speakers.reduce((sum, speaker, n) => sum + (speaker[(i + 7000 * n) % speaker.length] ?? 0), 0)
  )
  return at(mixture, dbfs)
}

/** Speech is at -20 dB RMS, and 12 dB lower on a quiet line. */
const heardIn: Readonly<Record<Condition, (signal: Signal) => Signal>> = {
  clean: (signal) => signal,
  "quiet line": (signal) => mixed(amplified(signal, -12), whiteNoise(msOf(signal), -60)),
  hiss: (signal) => mixed(signal, whiteNoise(msOf(signal), -38)),
  car: (signal) => mixed(signal, rumble(msOf(signal), -34)),
  voices: (signal) => mixed(signal, voices(msOf(signal), -38)),
  hum: (signal) => mixed(signal, hum(msOf(signal), -36))
}

/** What is said, and after a pause a beep. */
interface Recipe {
  readonly name: string
  readonly who: Answerer
  readonly said: Signal
  readonly beep?: { readonly hz: number; readonly ms: number; readonly afterMs: number }
}

const sit = joined(tone(950, 330), tone(1400, 330), tone(1777, 330))
const beeps = [440, 520, 620, 750, 850, 1000, 1100, 1250, 1400, 1600, 1750, 1950, 330]
const lengths = [150, 250, 400, 600, 1000]

const people = utterances.filter(({ who }) => who === "human")
/** Those of them that are a whole greeting, not the beginning of one. */
const machines = utterances.filter(({ name, who }) => who === "machine" && name !== "machine-greeting")

const recipes: ReadonlyArray<Recipe> = [
  ...people.map(({ name }) => ({ name, who: "human" as const, said: greeting(name) })),
  ...machines.map(({ name }, n) => ({
    name,
    who: "machine" as const,
    said: greeting(name),
    beep: { hz: beeps[n % beeps.length] ?? 1000, ms: lengths[n % lengths.length] ?? 400, afterMs: 300 + 50 * n }
  })),
  ...[300, 600, 1100].map((pauseMs) => ({
    name: `machine-greeting, a pause of ${pauseMs} ms, machine-reached`,
    who: "machine" as const,
    said: joined(greeting("machine-greeting"), quiet(pauseMs), greeting("machine-reached")),
    beep: { hz: 1000, ms: 500, afterMs: 700 }
  })),
  { name: "network tones", who: "unknown", said: sit },
  { name: "network tones, network-number", who: "unknown", said: joined(sit, quiet(200), greeting("network-number")) },
  { name: "nobody", who: "unknown", said: quiet(1000) }
]

const call = ({ beep, name, said, who }: Recipe, condition: Condition, n: number): Labelled => {
  const before = quiet(200 + ((n * 170) % 1100))
  const spoken = joined(before, said)
  const whole = beep === undefined ? spoken : joined(spoken, quiet(beep.afterMs), tone(beep.hz, beep.ms))
  return {
    name,
    who,
    condition,
    signal: heardIn[condition](joined(whole, quiet(6000))),
    beepMs: beep === undefined ? undefined : msOf(whole),
    beepHz: beep?.hz
  }
}

/** Every recipe under every condition. */
export const labelled = (): ReadonlyArray<Labelled> =>
  conditions.flatMap((condition) => recipes.map((recipe, n) => call(recipe, condition, n)))
