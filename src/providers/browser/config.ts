import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "browser"

/** Nothing is saved: what its requests are proved with follows from the keys of the service. */
export const fields = {}

/** What the form of a configuration shows: nothing has to be filled in. */
export const uiMetadata: UiMetadata = {
  displayName: "Browser phone",
  docsUrl: "https://developer.mozilla.org/docs/Web/API/MediaDevices/getUserMedia",
  connectivity: "api",
  fields: []
}

/** Nothing is missing, ever. */
export const setupChecklist = (): ReadonlyArray<ChecklistStep> => []
