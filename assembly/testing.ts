// The entry of the test build: everything that the release build exports, and what only tests call.
export * from "./index";
export * from "./cpu/testing_system";
export * from "./platform/testing_platform";
export * from "./cpu/testing_decode";
