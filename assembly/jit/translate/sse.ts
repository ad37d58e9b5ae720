// Vector instructions: by family to the file that translates it (tools/isa/vectors.mjs names the families).

import * as K from "../../cpu/generated/kinds";
import { translateFence } from "./handler";
import { compare, order } from "./sse_compare";
import * as C from "./sse_convert";
import { arithmetic, choice } from "./sse_float";
import * as I from "./sse_integer";
import * as M from "./sse_moves";
import { requireVectors } from "./sse_operands";
import { translateShift, translateShiftImmediate } from "./sse_shift";
import { translateBlend, translateShuffle, translateShuffleBytes, translateWiden } from "./sse_shuffle";

export function translateVector(j: usize, kind: u32, entry: usize): void {
  // These do not belong to the vector unit.
  if (kind == K.kVectorPrefetch) return;
  if (kind == K.kVectorFence) translateFence(j);
  else if (kind == K.kVectorStoreGeneral) M.storeGeneral(j, entry);
  else {
    requireVectors(j);
    if (translateMoves(j, kind, entry) || translateShuffles(j, kind, entry)) return;
    if (!translateFloat(j, kind, entry)) translateInteger(j, kind, entry);
  }
}

function translateMoves(j: usize, kind: u32, entry: usize): bool {
  switch (kind) {
    case K.kVectorLoad:
    case K.kVectorLoadZero:
      M.loadWhole(j, kind, entry);
      return true;
    case K.kVectorStore:
      M.storeWhole(j, entry);
      return true;
    case K.kVectorMoveLow:
      M.moveLow(j, entry);
      return true;
    case K.kVectorStoreLane:
      M.storeLane(j, entry);
      return true;
    case K.kVectorMovq:
      M.movq(j, entry);
      return true;
    case K.kVectorLoadHalf:
      M.loadHalf(j, entry);
      return true;
    case K.kVectorFromGeneral:
      M.fromGeneral(j, entry);
      return true;
    case K.kVectorToGeneral:
      M.toGeneral(j, entry);
      return true;
    case K.kVectorMask:
      M.signMask(j, entry);
      return true;
    case K.kVectorInsert:
      M.insertLane(j, entry);
      return true;
    case K.kVectorExtract:
      M.extractLane(j, entry);
      return true;
  }
  return false;
}

function translateShuffles(j: usize, kind: u32, entry: usize): bool {
  switch (kind) {
    case K.kVectorShuffle:
      translateShuffle(j, entry);
      return true;
    case K.kVectorShuffleBytes:
      translateShuffleBytes(j, entry);
      return true;
    case K.kVectorBlend:
      translateBlend(j, entry);
      return true;
    case K.kVectorWiden:
      translateWiden(j, entry);
      return true;
    case K.kVectorShift:
      translateShift(j, entry);
      return true;
    case K.kVectorShiftImmediate:
      translateShiftImmediate(j, entry);
      return true;
  }
  return false;
}

function translateFloat(j: usize, kind: u32, entry: usize): bool {
  switch (kind) {
    case K.kFloatArithmetic:
      arithmetic(j, entry);
      return true;
    case K.kFloatChoice:
      choice(j, entry);
      return true;
    case K.kFloatCompare:
      compare(j, entry);
      return true;
    case K.kFloatOrder:
      order(j, entry);
      return true;
    case K.kFloatRound:
      C.round(j, entry);
      return true;
  }
  return translateConversion(j, kind, entry);
}

function translateConversion(j: usize, kind: u32, entry: usize): bool {
  switch (kind) {
    case K.kFloatFromInteger:
      C.fromInteger(j, entry);
      return true;
    case K.kFloatToInteger:
      C.toInteger(j, entry);
      return true;
    case K.kFloatWidenScalar:
      C.widenScalar(j, entry);
      return true;
    case K.kFloatNarrowScalar:
      C.narrowScalar(j, entry);
      return true;
    case K.kFloatWidenPacked:
      C.widenPacked(j, entry);
      return true;
    case K.kFloatNarrowPacked:
      C.narrowPacked(j, entry);
      return true;
    case K.kFloatFromIntegers:
      C.fromIntegers(j, entry);
      return true;
    case K.kFloatToIntegers:
      C.toIntegers(j, entry);
      return true;
  }
  return false;
}

function translateInteger(j: usize, kind: u32, entry: usize): void {
  switch (kind) {
    case K.kVectorBinary:
      I.binary(j, entry);
      return;
    case K.kVectorUnary:
      I.unary(j, entry);
      return;
    case K.kVectorMultiplyEven:
      I.multiplyEven(j, entry);
      return;
    case K.kVectorMultiplyHigh:
      I.multiplyHigh(j, entry);
      return;
    case K.kVectorMultiplyRound:
      I.multiplyRound(j, entry);
      return;
    case K.kVectorDifferences:
      I.differences(j, entry);
      return;
    case K.kVectorPairs:
      I.pairs(j, entry);
      return;
    case K.kVectorMultiplyBytes:
      I.multiplyBytes(j, entry);
      return;
    case K.kVectorTest:
      I.test(j, entry);
      return;
  }
}
