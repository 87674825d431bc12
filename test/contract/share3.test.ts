import { contract } from "./suite.ts"

await contract(3)
