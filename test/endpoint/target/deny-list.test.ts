/** Each network of the deny list by its first and last address and by the neighbours outside. */
import { describe, expect, test } from "vitest";
import { addressSet, isLocalAddress, isPublicAddress } from "../../../src/endpoint/target/deny-list.js";

/** First and last address of the network, and the public neighbours where there are any. */
const NOT_PUBLIC: [string, string[], string[]][] = [
  ["this network", ["0.0.0.0", "0.255.255.255"], ["1.0.0.0"]],
  ["private 10/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
  ["shared", ["100.64.0.0", "100.127.255.255"], ["100.63.255.255", "100.128.0.0"]],
  ["loopback", ["127.0.0.0", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]],
  ["link-local", ["169.254.0.0", "169.254.255.255"], ["169.253.255.255", "169.255.0.0"]],
  ["private 172.16/12", ["172.16.0.0", "172.31.255.255"], ["172.15.255.255", "172.32.0.0"]],
  ["protocol assignments", ["192.0.0.0", "192.0.0.255"], ["191.255.255.255", "192.0.1.0"]],
  ["documentation 1", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]],
  ["AS112 v4", ["192.31.196.0", "192.31.196.255"], ["192.31.195.255", "192.31.197.0"]],
  ["AMT", ["192.52.193.0", "192.52.193.255"], ["192.52.192.255", "192.52.194.0"]],
  ["6to4 relay", ["192.88.99.0", "192.88.99.255"], ["192.88.98.255", "192.88.100.0"]],
  ["private 192.168/16", ["192.168.0.0", "192.168.255.255"], ["192.167.255.255", "192.169.0.0"]],
  ["direct delegation AS112", ["192.175.48.0", "192.175.48.255"], ["192.175.47.255", "192.175.49.0"]],
  ["benchmarking", ["198.18.0.0", "198.19.255.255"], ["198.17.255.255", "198.20.0.0"]],
  ["documentation 2", ["198.51.100.0", "198.51.100.255"], ["198.51.99.255", "198.51.101.0"]],
  ["documentation 3", ["203.0.113.0", "203.0.113.255"], ["203.0.112.255", "203.0.114.0"]],
  ["multicast", ["224.0.0.0", "239.255.255.255"], ["223.255.255.255"]],
  ["reserved", ["240.0.0.0", "255.255.255.255"], []],
  ["Azure platform", ["168.63.129.16"], ["168.63.129.15", "168.63.129.17"]],
  ["below global unicast", ["::", "1fff:ffff::"], ["2000::"]],
  ["above global unicast", ["4000::", "ffff::"], ["3ffe::"]],
  ["IETF protocols", ["2001::", "2001:1ff:ffff::"], ["2000:ffff::", "2001:200::"]],
  ["documentation v6", ["2001:db8::", "2001:db8:ffff:ffff::"], ["2001:db7:ffff::", "2001:db9::"]],
  ["6to4", ["2002::", "2002:ffff:ffff::"], ["2001:ffff::", "2003::"]],
  ["AS112 v6", ["2620:4f:8000::", "2620:4f:8000:ffff::"], ["2620:4f:7fff::", "2620:4f:8001::"]],
  ["documentation 4", ["3fff::", "3fff:fff:ffff::"], ["3ffe:ffff::", "3fff:1000::"]],
];

describe("not public, to its edges", () => {
  test.each(NOT_PUBLIC)("%s", (_name, inside, outside) => {
    expect(inside.filter(isPublicAddress)).toEqual([]);
    expect(outside.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

test("local are loopback and the private networks to their edges, without the metadata addresses", () => {
  const local = ["127.0.0.0", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255"];
  local.push("192.168.0.0", "192.168.255.255", "::1", "fc00::", "fdff:ffff::", "fd20:ce::253", "fd00:ec2::253");
  const not = ["126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"];
  not.push("192.167.255.255", "192.169.0.0", "::", "::2", "fbff::", "fe00::", "no address");
  not.push("fd20:ce::254", "fd00:ec2::254", "fd00:42::42");
  expect(local.filter((address) => !isLocalAddress(address))).toEqual([]);
  expect(not.filter(isLocalAddress)).toEqual([]);
});

describe("a set of addresses", () => {
  test("holds single addresses and networks of both families, and the mapped form of an IPv4 network", () => {
    const set = addressSet(["192.0.2.7", "198.51.100.0/24", "2001:db8::7", "3fff::/20"]);
    const held = ["192.0.2.7", "198.51.100.255", "::ffff:198.51.100.1", "2001:db8::7", "3fff:fff::1"];
    const not = ["192.0.2.6", "192.0.2.8", "198.51.101.0", "2001:db8::6", "2001:db8::8", "3fff:1000::", "", "x"];
    expect(held.filter((address) => !set.has(address))).toEqual([]);
    expect([...not, "3fff::1%eth0"].filter((address) => set.has(address))).toEqual([]);
  });
  test("of the mapped addresses alone holds no IPv4 address", () => {
    const mapped = addressSet(["::ffff:0:0/96"]);
    expect([mapped.has("8.8.8.8"), mapped.has("::ffff:8.8.8.8")]).toEqual([false, true]);
  });
  test("of a whole family is written with a prefix of 0, and of one address with 32 or 128", () => {
    expect(addressSet(["0.0.0.0/0"]).has("203.0.113.1")).toBe(true);
    expect(addressSet(["::/0"]).has("2001:db8::1")).toBe(true);
    expect(addressSet(["203.0.113.1/32"]).has("203.0.113.2")).toBe(false);
    expect(addressSet(["2001:db8::1/128"]).has("2001:db8::2")).toBe(false);
  });
  test.each([
    "",
    "x",
    "10.0.0.0/33",
    "2001:db8::/129",
    "10.0.0.0/",
    "10.0.0.0/x8",
    "10.0.0.0/8x",
    "10.0.0.0/0x8",
    "10.0.0.0/1e1",
    "10.0.0.0/-1",
    "x/8",
  ])("does not take %j, and names it", (entry) => {
    expect(() => addressSet([entry])).toThrow(
      new RangeError(`"${entry}" is not an IP address or a network in CIDR notation.`),
    );
  });
});
