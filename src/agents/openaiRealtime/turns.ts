import type { ClientEvent } from "./clientEvents.ts"
import type { ApiProblem } from "./serverEvents.ts"

/** What the turns work on. */
export interface TurnPorts {
  readonly send: (event: ClientEvent) => void
  /** Does something after `ms`, unless the session is over. */
  readonly later: (ms: number, act: () => void) => void
  /** How long the API has to answer by itself after the caller spoke, ms. */
  readonly replyMs: number
  /** The API cancels a response by itself when the caller begins to speak. */
  readonly cancelsByItself: boolean
}

/** A `response.create` of ours, with the items that it is to answer. */
interface Ask {
  readonly eventId: string
  readonly items: ReadonlySet<string>
}

const hasActiveResponse = "conversation_already_has_active_response"

/**
 * Whose turn it is. The API answers what the caller says by itself; what we add to the conversation it answers when asked,
 * and only while it makes no other response. So a wish for an answer waits: for the response in progress, for tools that still
 * run, for the caller who is speaking. A response that began after an item was added has answered it.
 */
export const makeTurns = ({ cancelsByItself, later, replyMs, send }: TurnPorts) => {
  let serial = 0
  let active: { readonly id: string | undefined } | undefined
  let ask: Ask | undefined
  /**
   * The last ask, after which a response began that may be another one: those of its items that were perhaps too late for
   * it, and whether they are known to be in the conversation by now.
   */
  let unsure: { readonly eventId: string; readonly late: Map<string, boolean> } | undefined
  let isCallerSpeaking = false
  let held = 0
  /** Items that want an answer: whether each is known to be in the conversation. */
  const wanted = new Map<string, boolean>()

  const eventId = () => `sb_event_${serial++}`

  const askNow = (instructions?: string) => {
    ask = { eventId: eventId(), items: new Set(wanted.keys()) }
    send({
      type: "response.create",
      event_id: ask.eventId,
      ...(instructions === undefined ? {} : { response: { instructions } })
    })
  }
  const askIfFree = () => {
    const isFree = active === undefined && ask === undefined && !isCallerSpeaking && held === 0
    if (isFree && wanted.size > 0) askNow()
  }
  const cancelNow = () => {
    if (active === undefined) return
    send({
      type: "response.cancel",
      event_id: `sb_cancel_${serial++}`,
      ...(active.id === undefined ? {} : { response_id: active.id })
    })
  }

  return {
    /** A name for an event that we send, and for an item that we add. */
    eventId,
    itemId: (): string => `sb_item_${serial++}`,
    /** The response in progress; undefined where there is none, or where it has no name. */
    activeId: (): string | undefined => active?.id,
    isActive: (): boolean => active !== undefined,
    /** Asks for a response at once: there is nothing to wait for when the session begins. */
    open: (instructions?: string): void => askNow(instructions),
    /** An item of ours is on its way, and is to be answered. */
    want: (itemId: string): void => {
      wanted.set(itemId, false)
      askIfFree()
    },
    /** A tool runs whose result the model waits for. Gives the way to say that it is done. */
    hold: (): (() => void) => {
      held += 1
      return () => {
        held -= 1
        askIfFree()
      }
    },
    /** Ends the response in progress, where the API does not do that by itself. */
    cancel: (isCallersVoice: boolean): void => {
      if (!isCallersVoice || !cancelsByItself) cancelNow()
    },
    added: (itemId: string): void => {
      if (wanted.has(itemId)) wanted.set(itemId, true)
      if (unsure?.late.has(itemId) === true) unsure.late.set(itemId, true)
    },
    /** A response began. False: one that we asked for, but the caller began to speak first, so it is cancelled. */
    created: (id: string | undefined): boolean => {
      active = { id }
      if (isCallerSpeaking && ask !== undefined) {
        ask = undefined
        cancelNow()
        return false
      }
      for (const [item, isAdded] of unsure?.late ?? []) if (isAdded) unsure?.late.delete(item)
      if (ask !== undefined) unsure = { eventId: ask.eventId, late: new Map() }
      for (const [item, isAdded] of wanted) {
        const isAsked = ask?.items.has(item) === true
        if (isAsked && !isAdded) unsure?.late.set(item, false)
        if (isAsked || isAdded) wanted.delete(item)
      }
      ask = undefined
      return true
    },
    done: (id: string | undefined): void => {
      if (active?.id !== undefined && id !== undefined && active.id !== id) return
      if (active === undefined) ask = undefined
      active = undefined
      askIfFree()
    },
    callerBegan: (): void => {
      isCallerSpeaking = true
    },
    callerEnded: (): void => {
      if (!isCallerSpeaking) return
      isCallerSpeaking = false
      if (wanted.size > 0) later(replyMs, askIfFree)
    },
    /** An error of the API. True: it concerned whose turn it is, and all that it needs was done. */
    refused: ({ code, event_id }: ApiProblem): boolean => {
      if (event_id?.startsWith("sb_cancel_") === true) return true
      const concerns = (eventId: string | undefined) => eventId !== undefined && (event_id ?? eventId) === eventId
      if (code === hasActiveResponse && (concerns(ask?.eventId) || concerns(unsure?.eventId))) {
        for (const [item, isAdded] of unsure?.late ?? []) wanted.set(item, isAdded)
        active ??= { id: undefined }
        ask = undefined
        unsure = undefined
        return true
      }
      if (concerns(ask?.eventId)) {
        for (const item of ask?.items ?? []) wanted.delete(item)
        ask = undefined
      }
      return false
    }
  }
}
export type Turns = ReturnType<typeof makeTurns>
