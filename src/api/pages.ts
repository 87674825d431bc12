import type { Page, PageRequest } from "../organizations/rows.ts"
import { DEFAULT_LIMIT } from "./common.ts"

/** The page that a list's query parameters ask for. */
export const pageRequest = ({
  limit = DEFAULT_LIMIT,
  cursor
}: {
  readonly limit?: number
  readonly cursor?: string
}): PageRequest => ({
  limit,
  after: cursor
})

/** Where the next page begins, as lists answer it. */
export const nextCursor = (page: Page<unknown>) => page.next ?? null
