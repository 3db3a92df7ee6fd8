using System.Net;

namespace NetStack.Wire.Tests;

/// <summary>Addresses: text, families, and what is derived from them.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:DB8:0:0:0:0:2:1", "2001:db8::2:1")]
    [InlineData("0:0:0:0:0:0:0:0", "::")]
    [InlineData("0:0:0:0:0:0:0:1", "::1")]
    [InlineData("1:0:0:0:0:0:0:0", "1::")]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    public void Rfc_5952_addresses_have_one_text_form(string text, string canonical)
    {
        Assert.Equal(canonical, IpAddress.Parse(text).ToString());
        Assert.Equal(IpAddress.Parse(text), IpAddress.Parse(canonical));
    }

    [Fact]
    public void Any_address_survives_text_bytes_and_the_frameworks_type()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = new byte[random.Next(2) == 0 ? 4 : 16];
            random.NextBytes(bytes);
            for (int i = 0; i + 1 < bytes.Length; i += 2)
                if (random.Next(2) == 0) bytes[i] = bytes[i + 1] = 0;
            IpAddress address = IpAddress.From(new IPAddress(bytes));
            byte[] written = new byte[address.Size];
            Assert.Equal(bytes.Length, address.Write(written));
            Assert.True(bytes.SequenceEqual(written) && IpAddress.Parse(address.ToString()) == address && IpAddress.From(address.ToIPAddress()) == address, $"seed {seed}: {address}");
        }
    }

    [Fact]
    public void What_is_no_address_is_refused()
    {
        Assert.False(IpAddress.TryParse("10.0.0.256", out IpAddress address));
        Assert.True(address.IsNone);
        Assert.False(IpAddress.TryParse(null, out _));
        Assert.Throws<FormatException>(() => IpAddress.Parse("fd00::1::2"));
        Assert.Throws<InvalidOperationException>(() => default(IpAddress).ToIPAddress());
        Assert.Equal("none", default(IpAddress).ToString());
        Assert.False(MacAddress.TryParse("02:00:00:00:00", out _));
        Assert.False(MacAddress.TryParse("02:00:00:00:00:+1", out _));
    }

    [Theory]
    [InlineData("127.0.0.1", true, false, false)]
    [InlineData("169.254.3.4", false, true, false)]
    [InlineData("224.0.0.1", false, false, true)]
    [InlineData("::1", true, false, false)]
    [InlineData("fe80::1", false, true, false)]
    [InlineData("febf::1", false, true, false)]
    [InlineData("fec0::1", false, false, false)]
    [InlineData("ff02::1", false, false, true)]
    [InlineData("10.0.0.1", false, false, false)]
    public void Loopback_link_local_and_multicast_are_told_apart(string text, bool loopback, bool linkLocal, bool multicast)
    {
        IpAddress address = IpAddress.Parse(text);
        Assert.Equal((loopback, linkLocal, multicast), (address.IsLoopback, address.IsLinkLocal, address.IsMulticast));
    }

    [Fact]
    public void Rfc_4291_solicited_node_group_and_link_local_address_are_derived()
    {
        Assert.Equal("ff02::1:ff0e:8c6c", IpAddress.Parse("4037::1:800:200e:8c6c").SolicitedNodeGroup.ToString());
        Assert.True(Packets.A4.SolicitedNodeGroup.IsNone);
        Assert.Equal("fe80::3656:78ff:fe9a:bcde", IpAddress.LinkLocal(MacAddress.Parse("34-56-78-9A-BC-DE")).ToString());
        Assert.Equal("fe80::ff:fe00:a", IpAddress.LinkLocal(Packets.MacA).ToString());
    }

    [Theory]
    [InlineData("224.128.64.32", "01:00:5e:00:40:20")]
    [InlineData("239.255.255.255", "01:00:5e:7f:ff:ff")]
    [InlineData("ff02::1:ff00:a", "33:33:ff:00:00:0a")]
    public void Rfc_1112_and_rfc_2464_groups_map_to_mac_addresses(string group, string mac)
    {
        MacAddress address = MacAddress.OfGroup(IpAddress.Parse(group));
        Assert.Equal(mac, address.ToString());
        Assert.True(address.IsMulticast);
        Assert.Throws<ArgumentException>(() => MacAddress.OfGroup(Packets.A4));
    }

    [Fact]
    public void A_line_that_is_too_long_is_cut_at_a_piece_and_never_goes_on_behind_it()
    {
        byte[] buffer = new byte[40];
        for (int room = 0; room <= buffer.Length; room++)
        {
            LineWriter line = new(buffer.AsSpan(0, room));
            line.Append("seq "u8);
            line.Append(1234567L);
            line.Append(Packets.A6);
            line.Append(' ');
            line.AppendHex(0xAB, 4);
            line.Append(Packets.MacA);
            const string Whole = "seq 1234567fd00::1 00ab02:00:00:00:00:0a";
            Assert.StartsWith(line.ToString(), Whole, StringComparison.Ordinal);
            Assert.Equal(room < Whole.Length, line.IsTruncated);
        }
    }
}
