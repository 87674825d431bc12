import { Result } from "effect"
import type { XmlElement } from "../../../simulator/Xml.ts"
import { type Hook, methodOf } from "./hook.ts"

/** What is wrong in a document, for people. */
export type Problem = string

export interface Conference {
  readonly name: string
  readonly maxMembers: number
  readonly timeLimitSeconds: number
  /** Whether a member stays when everybody else has gone. */
  readonly stayAlone: boolean
  readonly startOnEnter: boolean
  readonly endOnExit: boolean
  readonly callback: Hook | undefined
  readonly action: Action | undefined
}

export interface Dial {
  /** Numbers without a plus, or SIP URIs: all ring at once. */
  readonly destinations: ReadonlyArray<{ readonly address: string; readonly sendDigits: string | undefined }>
  readonly callerId: string | undefined
  readonly timeoutSeconds: number
  readonly timeLimitSeconds: number
  readonly callback: Hook | undefined
  readonly action: Action | undefined
}

/** Who is told that an element is through; with `redirect` the answer is what runs next. */
export interface Action {
  readonly hook: Hook
  readonly redirect: boolean
}

const absolute = /^https?:\/\/[^/?#\s]/

/** An address of ours that stands in a document. */
export const readHook = (element: XmlElement, url: string, method: string): Result.Result<Hook, Problem> =>
  absolute.test(url)
    ? Result.succeed({ url, method: methodOf(element.attributes.get(method)) })
    : Result.fail(`<${element.name}> has an invalid URL: ${url}`)

/** A whole number of zero and more. */
export const wholeNumber = (element: XmlElement, name: string, otherwise: number): Result.Result<number, Problem> => {
  const value = element.attributes.get(name)
  if (value === undefined) return Result.succeed(otherwise)
  return /^\d{1,9}$/.test(value)
    ? Result.succeed(Number(value))
    : Result.fail(`<${element.name}> has an invalid ${name}: ${value}`)
}

export const truth = (element: XmlElement, name: string, otherwise: boolean): Result.Result<boolean, Problem> => {
  const value = element.attributes.get(name)
  if (value === undefined) return Result.succeed(otherwise)
  return value === "true" || value === "false"
    ? Result.succeed(value === "true")
    : Result.fail(`<${element.name}> has an invalid ${name}: ${value}`)
}

const optionalHook = (element: XmlElement, url: string, method: string): Result.Result<Hook | undefined, Problem> => {
  const address = element.attributes.get(url)
  return address === undefined || address === "" ? Result.succeed(undefined) : readHook(element, address, method)
}

const readAction = (element: XmlElement) =>
  Result.gen(function* () {
    const hook = yield* optionalHook(element, "action", "method")
    const redirect = yield* truth(element, "redirect", true)
    return hook === undefined ? undefined : { hook, redirect }
  })

export const readConference = (element: XmlElement): Result.Result<Conference, Problem> =>
  Result.gen(function* () {
    const name = element.text.trim()
    if (name === "") return yield* Result.fail("<Conference> has no name")
    const maxMembers = yield* wholeNumber(element, "maxMembers", 20)
    if (maxMembers < 1 || maxMembers > 20) return yield* Result.fail("<Conference> takes 1 to 20 members")
    return {
      name,
      maxMembers,
      timeLimitSeconds: yield* wholeNumber(element, "timeLimit", 86_400),
      stayAlone: yield* truth(element, "stayAlone", true),
      startOnEnter: yield* truth(element, "startConferenceOnEnter", true),
      endOnExit: yield* truth(element, "endConferenceOnExit", false),
      callback: yield* optionalHook(element, "callbackUrl", "callbackMethod"),
      action: yield* readAction(element)
    }
  })

export const readDial = (element: XmlElement): Result.Result<Dial, Problem> =>
  Result.gen(function* () {
    const destinations = element.children.map((child) => ({
      address: child.text.trim(),
      sendDigits: child.attributes.get("sendDigits")
    }))
    if (destinations.length === 0) return yield* Result.fail("<Dial> has nobody to dial")
    const bad = destinations.find(({ address }) => !/^(\+?\d{3,20}|sips?:\S+@\S+)$/.test(address))
    if (bad !== undefined) return yield* Result.fail(`<Dial> cannot dial ${bad.address}`)
    return {
      destinations,
      callerId: element.attributes.get("callerId"),
      // Without `timeout` it rings as long as a call of the REST API does.
      timeoutSeconds: yield* wholeNumber(element, "timeout", 120),
      timeLimitSeconds: yield* wholeNumber(element, "timeLimit", 14_400),
      callback: yield* optionalHook(element, "callbackUrl", "callbackMethod"),
      action: yield* readAction(element)
    }
  })
