import { Effect, Exit, Redacted } from "effect"
import { encodeForm, type FormFields } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { verifySignature, verifyUpgradeSignature } from "../../../src/providers/twilio/signature.ts"

export const tokenA = "12345"
export const tokenB = "0123456789abcdef0123456789abcdef"
export const accountSid = "AC00000000000000000000000000000001"
export const callSid = "CA00000000000000000000000000000002"

export interface Webhook {
  readonly url: string
  readonly signature?: string
  readonly fields?: FormFields
  readonly body?: string
  readonly method?: string
  readonly contentType?: string
}

const raw = ({ url, signature, fields, body, method = "POST", contentType }: Webhook): RawRequest => ({
  method,
  publicUrl: url,
  headers: {
    "x-twilio-signature": signature,
    "content-type":
      contentType ?? (fields === undefined ? undefined : "application/x-www-form-urlencoded; charset=UTF-8")
  },
  body: Buffer.from(fields === undefined ? (body ?? "") : encodeForm(fields), "utf8")
})

export const check = (webhook: Webhook, tokens: ReadonlyArray<string> = [tokenB], account = accountSid) =>
  Effect.runSyncExit(
    verifySignature(
      tokens.map((token) => Redacted.make(token)),
      account,
      raw(webhook)
    )
  )

export const accepts = (webhook: Webhook, ...tokens: ReadonlyArray<string>) =>
  Exit.isSuccess(check(webhook, tokens.length === 0 ? undefined : tokens))

export const upgradeAccepts = (url: string, signature: string | undefined) =>
  Exit.isSuccess(
    Effect.runSyncExit(
      verifyUpgradeSignature(
        [Redacted.make(tokenB)],
        raw({ url, method: "GET", ...(signature === undefined ? {} : { signature }) })
      )
    )
  )

export const P: FormFields = [
  ["CallSid", "CA1234567890ABCDE"],
  ["Caller", "+14158675309"],
  ["Digits", "1234"],
  ["From", "+14158675309"],
  ["To", "+18005551212"]
]
export const U = "https://mycompany.com/myapp.php?foo=1&bar=2"
export const hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
export const json = '{"property": "value", "boolean": true}'

/** From the tests of Twilio's own SDK. */
export const setA: ReadonlyArray<readonly [name: string, webhook: Webhook]> = [
  ["A1", { url: U, fields: P, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }],
  [
    "A2",
    { url: "https://mycompany.com:1234/myapp.php?foo=1&bar=2", fields: P, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }
  ],
  ["A3", { url: U, fields: P, signature: "kvajT1Ptam85bY51eRf/AJRuM3w=" }],
  ["A4", { url: "http://mycompany.com/myapp.php?foo=1&bar=2", fields: P, signature: "0ZXoZLH/DfblKGATFgpif+LLRf4=" }],
  [
    "A5",
    { url: "http://mycompany.com:1234/myapp.php?foo=1&bar=2", fields: P, signature: "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=" }
  ],
  [
    "A6",
    {
      url: "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2",
      fields: P,
      signature: "CukzLTc1tT5dXEDIHm/tKBanW10="
    }
  ],
  ["A7, quote escaped", { url: `${U}&Body=It's+amazing`, fields: P, signature: "TfZzewPq8wqrGlMfyAud8+/IvJ0=" }],
  ["A7, quote as it is", { url: `${U}&Body=It's+amazing`, fields: P, signature: "dsq4Ehbj6cs+KdTkpF5sSSplOWw=" }],
  [
    "A8",
    {
      url: U,
      fields: [
        ["Sid", "CA123"],
        ["SidAccount", "AC123"],
        ["Digits", "5678"],
        ["Digits", "1234"],
        ["Digits", "1234"]
      ],
      signature: "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    }
  ],
  ...(["+1325xxxxxxx,+1415xxxxxxx", "+1415xxxxxxx,+1325xxxxxxx"] as const).map((order): readonly [string, Webhook] => [
    `A9, ${order}`,
    {
      url: U,
      fields: order.split(",").map((value) => ["MessagingBinding.Address", value]),
      signature: "83O6e2vORAoJHUNzJjDWN1jz+BA="
    }
  ]),
  [
    "A10",
    {
      url: `${U}&bodySHA256=${hash}`,
      body: json,
      contentType: "application/json",
      signature: "a9nBmqA0ju/hNViExpshrM61xv4="
    }
  ],
  [
    "A12",
    {
      url: `https://mycompany.com/myapp.php?bodySHA256=${hash}`,
      body: json,
      contentType: "application/json",
      signature: "y77kIzt2vzLz71DgmJGsen2scGs="
    }
  ],
  ...(["Ldidvp12m26NI7eqEvxnEpkd9Hc=", "rw/jVviOgicj2+kHZULvebnA4ag="] as const).map(
    (signature): readonly [string, Webhook] => [
      `A13, ${signature}`,
      {
        url: `${U}&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`,
        body: "{}",
        contentType: "application/json",
        signature
      }
    ]
  )
]

export const voice =
  "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallSid=CA00000000000000000000000000000002&CallStatus=ringing&Called=%2B14155550123&CalledCountry=US&Caller=%2B442071838750&CallerCountry=GB&Direction=inbound&From=%2B442071838750&FromCity=&FromCountry=GB&To=%2B14155550123&ToCity=SAN+FRANCISCO&ToCountry=US&ToState=CA&ToZip=94105"
const status =
  "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallDuration=49&CallSid=CA00000000000000000000000000000002&CallStatus=completed&CallbackSource=call-progress-events&Direction=outbound-api&Duration=1&From=%2B14155550123&SequenceNumber=3&SipResponseCode=200&Timestamp=Sun%2C+25+Mar+2018+09%3A53%3A19+%2B0000&To=%2B442071838750"
export const form = "application/x-www-form-urlencoded"
export const inbound = "https://voice.example.com/twilio/inbound/wh_7f3a"

export const V1: Webhook = {
  url: `${inbound}?tenant=a%20b&x=1`,
  body: voice,
  contentType: form,
  signature: "wApxudC+aS6CgpZgvJ1+rpD5CwU="
}

const V4Fields: FormFields = [
  ["AccountSid", accountSid],
  ["CallSid", callSid]
]

/** Computed with an independent HMAC and confirmed by the SDK. */
export const setB: ReadonlyArray<readonly [name: string, webhook: Webhook]> = [
  ["V1", V1],
  [
    "V2",
    {
      url: "https://voice.example.com/twilio/status/run-42",
      body: status,
      contentType: form,
      signature: "3owQr63dJ0E9GaTyFLgnVv/xQEY="
    }
  ],
  [
    "V3",
    {
      url: inbound,
      fields: [
        ["AccountSid", accountSid],
        ["CallSid", callSid],
        ["CallerName", "ŻÓŁĆ & Søn"],
        ["From", "+48221234567"],
        ["To", "+14155550123"]
      ],
      signature: "ZyOgSlpoe7eXV7akLWRRALC69Fs="
    }
  ],
  [
    "V4",
    {
      url: "https://voice.example.com:8443/twilio/inbound/wh_7f3a",
      fields: V4Fields,
      signature: "jr76acD7wIvYeajqY3/n757Foag="
    }
  ],
  [
    "V5",
    {
      url: "https://voice.example.com:8443/twilio/inbound/wh_7f3a",
      fields: V4Fields,
      signature: "Mm8DtysqQDPutNwXHUDwNMxXUSA="
    }
  ],
  [
    "V6",
    {
      method: "GET",
      url: `${inbound}?AccountSid=${accountSid}&CallSid=${callSid}&From=%2B14155550123`,
      signature: "AMkht/kVb76U0vazrDGwzoG9Nho="
    }
  ],
  [
    "V10",
    {
      url: "https://voice.example.com/x",
      fields: [
        ["b", "2"],
        ["B", "1"],
        ["a", "0"],
        ["A_", "9"]
      ],
      signature: "5FO/9lK0F5bol4cj7b5AYbirlSA="
    }
  ],
  ["V11", { url: "https://voice.example.com/x", fields: [], signature: "nkWUipdkeEbdcTcDZYsoxo0r4ww=" }]
]
