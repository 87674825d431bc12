import { HttpApiMiddleware } from "effect/http-api"
import {
  BadRequest,
  InternalError,
  ServiceUnavailable,
  TooLarge,
  UnsupportedMediaType,
  ValidationFailed
} from "./Problems.ts"

/** The body is read once, within a limit, and must be UTF-8 and JSON. After `Authorization`: strangers upload nothing. */
export class JsonBody extends HttpApiMiddleware.Service<JsonBody>()("switchboard/api/JsonBody", {
  error: [BadRequest, TooLarge, UnsupportedMediaType]
}) {}

/** The body is read within a limit of 4 MiB, for endpoints that take a WAV file. After `Authorization`: strangers upload nothing. */
export class WavBody extends HttpApiMiddleware.Service<WavBody>()("switchboard/api/WavBody", {
  error: [BadRequest, TooLarge]
}) {}

/** Every other failure as a problem document too: requests that do not fit the description, and our own defects. */
export class Problems extends HttpApiMiddleware.Service<Problems>()("switchboard/api/Problems", {
  error: [BadRequest, ValidationFailed, InternalError, ServiceUnavailable]
}) {}
