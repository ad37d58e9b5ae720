// The entry of the test build: everything that the release build exports, and what only tests call.
export * from "./index";
export * from "./cpu/testing_system";
export * from "./cpu/testing_run";
export * from "./testing_platform";
