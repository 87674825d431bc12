/** Remembers that something is in it, up to a bound: then the oldest is forgotten. */
export const recent = (most: number) => {
  const values = new Set<string>()
  return {
    add: (value: string): void => {
      const [oldest] = values
      if (values.size >= most && oldest !== undefined) values.delete(oldest)
      values.add(value)
    },
    has: (value: string): boolean => values.has(value)
  }
}
