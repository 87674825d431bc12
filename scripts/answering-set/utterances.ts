/** Something that a synthesiser says for the test set of answering machine detection. */
export interface Utterance {
  /** The file's name without its ending. */
  readonly name: string
  /** Who says it, in the test set. A network's announcement is neither. */
  readonly who: "human" | "machine" | "network"
  /** A voice of flite. */
  readonly voice: "awb" | "kal" | "rms" | "slt"
  /** 1 is the voice's own speed, 0.8 faster, 1.2 slower. */
  readonly stretch: number
  readonly text: string
}

const human = (name: string, voice: Utterance["voice"], stretch: number, text: string): Utterance => ({
  name: `human-${name}`,
  who: "human",
  voice,
  stretch,
  text
})
const machine = (name: string, voice: Utterance["voice"], stretch: number, text: string): Utterance => ({
  name: `machine-${name}`,
  who: "machine",
  voice,
  stretch,
  text
})

export const utterances: ReadonlyArray<Utterance> = [
  human("hello-slt", "slt", 1, "Hello?"),
  human("hello-rms", "rms", 0.85, "Hello?"),
  human("hello-kal", "kal", 1.1, "Hello?"),
  human("hello-awb", "awb", 1, "Hello, hello?"),
  human("yes", "awb", 1, "Yes?"),
  human("hi", "slt", 0.9, "Hi there."),
  human("anna", "slt", 1, "Yes, this is Anna speaking."),
  human("peter", "rms", 1, "Hello, Peter here."),
  human("who", "kal", 1, "Hello, who is this?"),
  human("morning", "awb", 0.9, "Good morning, Miller speaking."),
  human("smith", "rms", 0.9, "Smith."),
  human("company", "slt", 0.9, "Acme, how can I help you?"),
  human("name", "kal", 0.9, "John Baker."),
  human("long", "rms", 1, "Good afternoon, Baker and Sons, you are speaking with Alice."),
  machine("reached", "rms", 0.9, "You have reached the voice mail of John Smith. Please leave a message."),
  machine("mobile", "slt", 0.9, "The person you are calling is not available. Please speak after the tone."),
  machine("family", "awb", 0.85, "Hi, this is the Miller family. We can't come to the phone right now."),
  machine("number", "kal", 0.9, "Your call has been forwarded to an automated voice message system."),
  machine("office", "slt", 0.85, "Thank you for calling. Our office is closed. Please call back tomorrow."),
  machine("anna", "slt", 1.05, "Hello, this is Anna. I'm not here, so leave me a message."),
  machine("sorry", "rms", 0.85, "Sorry I missed your call. Leave your name and number and I will call you back."),
  machine("digits", "kal", 0.85, "You have reached five five five, zero one two three. No one is available."),
  machine("slow", "awb", 1.1, "Nobody is at home. Please speak after the beep."),
  machine("quick", "rms", 0.75, "Hey, it's Bob, you know what to do, so do it after the beep."),
  machine("mailbox", "kal", 1, "The mailbox is full. Goodbye, and thank you for calling."),
  machine("short", "slt", 1, "Please leave a message."),
  machine("greeting", "awb", 0.9, "Hello."),
  { name: "network-number", who: "network", voice: "rms", stretch: 0.9, text: "The number is not in service." }
]
