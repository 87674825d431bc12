import type { Schema } from "effect"
import type { HttpApi, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import type { Api } from "../../../src/api/Api.ts"

type Groups = typeof Api extends HttpApi.HttpApi<infer _Id, infer Each> ? Each : never
type Endpoint = HttpApiGroup.Endpoints<Groups>

export type Method = Endpoint["method"]
type WithoutSlash<P extends string> = P extends `${infer Head}/` ? Head : P
/** The paths that the API has for a method, parameters as `:name`, without a slash at the end. */
export type Path<M extends Method> = WithoutSlash<Extract<Endpoint, { readonly method: M }>["path"]>
type At<M extends Method, P extends string> = Extract<Endpoint, { readonly method: M; readonly path: P | `${P}/` }>

/** The JSON form of what a schema describes. The API's own codecs are taken off, which would call it any JSON. */
type Json<S> = S extends Schema.toCodecJson<infer Inner> | Schema.toCodecStringTree<infer Inner>
  ? Inner["Encoded"]
  : void
type Part<Name extends string, S> = [S] extends [never] ? unknown : { readonly [Key in Name]: Json<S> }
type Loose<Name extends string, S> = [S] extends [never] ? unknown : { readonly [Key in Name]?: Json<S> }

/** What a request to an endpoint takes, as JSON: `params` of the path, `query`, `payload`. */
export type RequestOf<M extends Method, P extends string> = Part<"params", HttpApiEndpoint.Params<At<M, P>>> &
  Loose<"query", HttpApiEndpoint.Query<At<M, P>>> &
  Part<"payload", HttpApiEndpoint.Payload<At<M, P>>>

/** What an endpoint answers, as JSON. */
export type AnswerOf<M extends Method, P extends string> = Json<HttpApiEndpoint.Success<At<M, P>>>
