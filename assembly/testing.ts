// The entry of the test build: everything that the release build exports, and what only tests call.
export * from "./index";
