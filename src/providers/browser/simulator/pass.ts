import { Option, Schema } from "effect"
import type { PhonePass } from "../../../simulator/SimulatorModule.ts"

const readClaim = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ call: Schema.NonEmptyString })))

/** The call's id, which a page may read in the first part of its pass. */
export const callOf = (pass: PhonePass | undefined): Option.Option<string> => {
  const [claim = ""] = pass?.body.split(".") ?? []
  return Option.map(readClaim(Buffer.from(claim, "base64url").toString("utf8")), ({ call }) => call)
}

/** The same pass with a signature that is not the service's. */
export const forged = (body: string) => {
  const [claim = "", signature = ""] = body.split(".")
  return `${claim}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`
}

/** The same pass without its signature. */
export const unsigned = (body: string) => body.split(".")[0] ?? ""
