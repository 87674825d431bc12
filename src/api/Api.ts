import { HttpApi, OpenApi } from "effect/http-api"
import { AgentsGroup } from "./AgentsGroup.ts"
import { ApiKeysGroup } from "./ApiKeysGroup.ts"
import { AudioClipsGroup } from "./AudioClipsGroup.ts"
import { CallsGroup } from "./calls.ts"
import { LiveCallsGroup } from "./liveCalls.ts"
import { OrganizationGroup } from "./OrganizationGroup.ts"
import { PhoneNumbersGroup } from "./PhoneNumbersGroup.ts"
import { ProvidersGroup } from "./ProvidersGroup.ts"
import { RecordingsGroup } from "./recordings.ts"
import { Problems } from "./Requests.ts"
import { SessionGroups } from "./SessionGroup.ts"
import { TelephonyConfigsGroup } from "./TelephonyConfigsGroup.ts"

/** The description of the HTTP API, shared by the server, its documentation and typed clients. */
export const Api = HttpApi.make("switchboard")
  .add(
    OrganizationGroup,
    ApiKeysGroup,
    ProvidersGroup,
    TelephonyConfigsGroup,
    PhoneNumbersGroup,
    AgentsGroup,
    AudioClipsGroup,
    CallsGroup,
    LiveCallsGroup,
    RecordingsGroup,
    ...SessionGroups
  )
  .middleware(Problems)
  .prefix("/api/v1")
  .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Switchboard",
      version: "1",
      description:
        "A self-hosted telephony gateway for voice agents. JSON is snake_case; errors are problem documents (RFC 9457) whose `code` is stable; lists are pages with an opaque cursor; writes carry the `version` that they were made from."
    })
  )
