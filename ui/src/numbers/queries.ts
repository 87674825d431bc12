import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
import { request } from "../api/request.ts"
import { type Payload, textOf } from "../form/fields.ts"
import { everyPage } from "../parts/everyPage.ts"

const ALL = "/api/v1/organizations/phone-numbers"
const LIST = "/api/v1/organizations/telephony-configs/:id/phone-numbers"
const ONE = "/api/v1/organizations/telephony-configs/:id/phone-numbers/:phone_number_id"

export type PhoneNumber = AnswerOf<"GET", typeof ONE>
export type ListedNumber = AnswerOf<"GET", typeof ALL>["phone_numbers"][number]
export type AddressType = PhoneNumber["address_type"]
export type Countries = AnswerOf<"GET", `${typeof ALL}/countries`>

export const useAllNumbers = (search: string) =>
  useInfiniteQuery({
    queryKey: ["numbers", "all", search],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => request("GET", ALL, { query: { cursor: pageParam, search }, signal }),
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined
  })

/** The numbers of all configurations, all of them at once. */
export const useEveryNumber = () =>
  useQuery({
    queryKey: ["numbers", "every one"],
    queryFn: ({ signal }) =>
      everyPage(
        (query) => request("GET", ALL, { query, signal }),
        ({ phone_numbers }) => phone_numbers
      )
  })

export const useNumbersOf = (configurationId: string) =>
  useInfiniteQuery({
    queryKey: ["numbers", configurationId],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request("GET", LIST, { params: { id: configurationId }, query: { cursor: pageParam }, signal }),
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined
  })

export const useCountries = () =>
  useQuery({
    queryKey: ["countries"],
    staleTime: 60_000,
    queryFn: ({ signal }) => request("GET", `${ALL}/countries`, { signal })
  })

const addressTypes: Readonly<Record<string, AddressType>> = {
  pstn: "pstn",
  sip_uri: "sip_uri",
  sip_extension: "sip_extension"
}

/** A kind of address as the API takes it; undefined: the service is to find out. */
const addressTypeOf = (value: unknown): AddressType | undefined => addressTypes[textOf(value) ?? ""]

/** An address as it is typed. */
export interface Draft {
  readonly address: unknown
  readonly address_type: unknown
  readonly country_code: unknown
}

const writtenFrom = ({ address, address_type, country_code }: Draft) => ({
  address: textOf(address) ?? "",
  address_type: addressTypeOf(address_type) ?? null,
  country_code: textOf(country_code) || null
})

/** How the service would store an address. Nothing is asked while it is empty. */
export const usePreview = (draft: Draft) => {
  const payload = writtenFrom(draft)
  return useQuery({
    queryKey: ["address preview", payload],
    enabled: payload.address.trim() !== "" && payload.address.length <= 255,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    queryFn: ({ signal }) => request("POST", `${ALL}/preview`, { payload, signal })
  })
}

const settingsFrom = (payload: Payload) => ({
  label: textOf(payload["label"]) ?? null,
  agent_id: textOf(payload["agent_id"]) ?? null,
  is_active: payload["is_active"] === true,
  is_default_caller_id: payload["is_default_caller_id"] === true
})

/** Every list of numbers, and the configurations, which count them. */
const useChanged = () => {
  const queries = useQueryClient()
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ["numbers"] }),
      queries.invalidateQueries({ queryKey: ["configurations"] })
    ])
  }
}

export const useAddNumber = () => {
  const changed = useChanged()
  return useMutation({
    mutationFn: ({ configurationId, payload }: { readonly configurationId: string; readonly payload: Payload }) => {
      const { address, address_type, country_code } = payload
      return request("POST", LIST, {
        params: { id: configurationId },
        payload: { ...writtenFrom({ address, address_type, country_code }), ...settingsFrom(payload) }
      })
    },
    onSuccess: changed
  })
}

const paramsOf = ({ id, telephony_configuration_id }: PhoneNumber) => ({
  id: telephony_configuration_id,
  phone_number_id: id
})

export const useSaveNumber = (number: PhoneNumber) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: ({ payload, version }: { readonly payload: Payload; readonly version: number }) =>
      request("PUT", ONE, { params: paramsOf(number), payload: { ...settingsFrom(payload), version } }),
    onSuccess: changed
  })
}

/** Reads one number anew, past every cache. */
export const readNumber = (number: PhoneNumber) => request("GET", ONE, { params: paramsOf(number) })

export const useSyncNumber = (number: PhoneNumber) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: () => request("POST", `${ONE}/sync`, { params: paramsOf(number) }),
    onSuccess: changed
  })
}

export const useDeleteNumber = (number: PhoneNumber) => {
  const changed = useChanged()
  return useMutation({
    mutationFn: () => request("DELETE", ONE, { params: paramsOf(number) }),
    onSuccess: changed
  })
}
