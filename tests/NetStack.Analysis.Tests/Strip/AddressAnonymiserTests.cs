using NetStack.Wire;

namespace NetStack.Analysis.Tests.Strip;

public sealed class AddressAnonymiserTests
{
    private static readonly byte[] PaperKey =
        [21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2];

    [Theory] // from the sample that the authors of Crypto-PAn gave out
    [InlineData("128.11.68.132", "135.242.180.132")]
    [InlineData("129.118.74.4", "134.136.186.123")]
    [InlineData("130.132.252.244", "133.68.164.234")]
    [InlineData("141.223.7.43", "141.167.8.160")]
    public void An_IPv4_address_is_mapped_as_the_authors_map_it(string address, string expected)
    {
        using AddressAnonymiser names = new([.. PaperKey, .. PaperKey, .. PaperKey]);
        Assert.Equal(expected, names.Map(IpAddress.Parse(address)).ToString());
    }

    [Fact]
    public void Two_addresses_share_as_many_first_bits_as_before()
    {
        using AddressAnonymiser names = new("a key");
        Random random = new(11);
        for (int i = 0; i < 2000; i++)
        {
            uint first = 0x0A000000 | (uint)random.Next(1 << 24);
            uint second = first ^ 1u << random.Next(24);
            Assert.Equal(Shared(first, second), Shared((uint)names.Map(IpAddress.V4(first)).Value, (uint)names.Map(IpAddress.V4(second)).Value));
        }
        for (int i = 0; i < 300; i++)
        {
            UInt128 first = new UInt128(0x2001_0db8_0000_0000, (ulong)random.NextInt64());
            UInt128 second = first ^ UInt128.One << random.Next(90);
            Assert.Equal(UInt128.LeadingZeroCount(first ^ second), UInt128.LeadingZeroCount(names.Map(IpAddress.V6(first)).Value ^ names.Map(IpAddress.V6(second)).Value));
        }
    }

    [Fact]
    public void No_two_addresses_become_one_and_none_becomes_one_that_is_kept()
    {
        using AddressAnonymiser names = new("a key");
        HashSet<IpAddress> seen = [];
        for (uint block = 0; block < 256; block++)
        {
            for (uint host = 0; host < 16; host++)
            {
                IpAddress address = IpAddress.V4(block << 24 | 0x00A8_0100 | host);
                IpAddress mapped = names.Map(address);
                Assert.True(seen.Add(mapped), $"{address} became {mapped}, as another did");
                Assert.Equal(address.IsMulticast, mapped.IsMulticast);
                if (block is 0 or 127 or >= 224) Assert.Equal(address, mapped);
            }
        }
    }

    [Theory]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("ff02::1")]
    [InlineData("255.255.255.255")]
    [InlineData("224.0.0.251")]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public void Addresses_with_a_meaning_of_their_own_are_kept(string address)
    {
        using AddressAnonymiser names = new("a key");
        Assert.Equal(address, names.Map(IpAddress.Parse(address)).ToString());
    }

    [Fact]
    public void A_link_local_address_stays_one_and_a_solicited_node_group_matches_its_Ethernet_group()
    {
        using AddressAnonymiser names = new("a key");
        IpAddress local = IpAddress.Parse("fe80::1234:56ff:fe78:9abc");
        IpAddress mapped = names.Map(local);
        Assert.Equal(local.Value >> 64, mapped.Value >> 64);
        Assert.NotEqual(local, mapped);
        IpAddress group = names.Map(local.SolicitedNodeGroup);
        Assert.NotEqual(local.SolicitedNodeGroup, group);
        Assert.Equal(MacAddress.OfGroup(group), names.Map(MacAddress.OfGroup(local.SolicitedNodeGroup)));
    }

    [Fact]
    public void An_Ethernet_address_keeps_its_group_and_local_bits_and_no_two_become_one()
    {
        using AddressAnonymiser names = new("a key");
        HashSet<MacAddress> seen = [];
        for (ulong i = 0; i < 1024; i++)
        {
            MacAddress mac = new(i << 40 >> 8 ^ (i & 3) << 40 | i);
            MacAddress mapped = names.Map(mac);
            Assert.Equal(mac.Value >> 40 & 3, mapped.Value >> 40 & 3);
            Assert.True(seen.Add(mapped));
        }
        Assert.Equal("ff:ff:ff:ff:ff:ff", names.Map(MacAddress.Parse("ff:ff:ff:ff:ff:ff")).ToString());
        Assert.NotEqual(0x0050C2UL, names.Map(MacAddress.Parse("00:50:c2:00:00:01")).Value >> 24);
    }

    [Fact]
    public void The_same_key_gives_the_same_addresses_and_another_gives_others()
    {
        using AddressAnonymiser one = new("one"), again = new("one"), other = new("other");
        IpAddress address = IpAddress.Parse("198.51.100.7");
        Assert.Equal(one.Map(address), again.Map(address));
        Assert.NotEqual(one.Map(address), other.Map(address));
        Assert.Throws<ArgumentException>(() => new AddressAnonymiser(""));
    }

    private static int Shared(uint a, uint b) => System.Numerics.BitOperations.LeadingZeroCount(a ^ b);
}
