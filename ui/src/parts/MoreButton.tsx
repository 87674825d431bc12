import { Button } from "./Button.tsx"

/** Asks a list in pages for the next one, where there is one. */
export const MoreButton = ({
  of: { hasNextPage, isFetchingNextPage, fetchNextPage }
}: {
  readonly of: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => Promise<unknown>
  }
}) =>
  hasNextPage ? (
    <div className="mt-3 flex justify-center">
      <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Show more
      </Button>
    </div>
  ) : null
