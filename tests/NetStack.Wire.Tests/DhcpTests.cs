namespace NetStack.Wire.Tests;

/// <summary>DHCPv4 messages: RFC 2131, RFC 2132, RFC 3396, RFC 3442.</summary>
public sealed class DhcpTests
{
    private static readonly MacAddress Mac = new(0x02_00_00_00_00_07);

    [Fact]
    public void Any_bytes_are_walked_to_an_end_without_throwing()
    {
        byte[] text = new byte[256];
        byte[] scratch = new byte[64];
        for (int seed = 0; seed < 10_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = new byte[random.Next(500)];
            random.NextBytes(bytes);
            if (random.Next(10) > 0) new Dhcpv4Header(2, 1, Mac).Write(bytes.Length < 240 ? bytes = new byte[240 + random.Next(300)] : bytes);
            for (int at = 240; at < bytes.Length; at++) bytes[at] = random.Next(3) == 0 ? (byte)random.Next(8) : random.Next(6) == 0 ? (byte)52 : bytes[at];
            if (bytes.Length >= 240 && random.Next(2) == 0) random.NextBytes(bytes.AsSpan(28, 208));
            if (bytes.Length > 2) bytes[2] = (byte)random.Next(256);
            if (!Dhcpv4View.TryRead(bytes, out Dhcpv4View view)) continue;
            LineWriter line = new(text);
            view.AppendTo(ref line, bytes.Length);
            _ = view.HardwareAddress.Length + view.MessageType.GetHashCode();
            foreach (Dhcpv4OptionReader.Item item in view.Options) view.TryFind(item.Option, scratch, out _);
            for (Dhcpv4RouteReader routes = new(bytes.AsSpan(240)); routes.MoveNext();) Assert.InRange(routes.PrefixLength, 0, 32);
        }
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            byte[] buffer = new byte[8000];
            Dhcpv4Header header = new((byte)random.Next(1, 3), (uint)random.NextInt64(1L << 32), new MacAddress((ulong)random.NextInt64(1L << 48)))
            {
                Seconds = (ushort)random.Next(65536),
                IsBroadcast = random.Next(2) == 0,
                ClientAddress = Address(random),
                YourAddress = Address(random),
                NextServer = Address(random),
                RelayAddress = Address(random),
            };
            header.Write(buffer);
            Dhcpv4OptionsBuilder options = new(buffer.AsSpan(Dhcpv4Header.Size));
            Dictionary<Dhcpv4Option, byte[]> expected = [];
            for (int i = random.Next(8); i > 0; i--)
            {
                byte[] data = new byte[random.Next(4) == 0 ? random.Next(700) : random.Next(20)];
                random.NextBytes(data);
                Dhcpv4Option option = (Dhcpv4Option)random.Next(1, 255);
                if (option == Dhcpv4Option.Overload || !expected.TryAdd(option, data)) continue;
                options.Add(option, data);
            }
            options.End();
            byte[] message = buffer[..(Dhcpv4Header.Size + options.Length)];
            Assert.True(message.Length >= 300);
            Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
            Assert.Equal(header, Dhcpv4Header.From(view));
            foreach ((Dhcpv4Option option, byte[] data) in expected)
            {
                Assert.True(view.TryFind(option, new byte[1000], out ReadOnlySpan<byte> found), $"seed {seed}: {option}");
                Assert.True(found.SequenceEqual(data), $"seed {seed}: {option}");
            }
            Dhcpv4OptionReader reader = view.Options;
            while (reader.MoveNext()) Assert.True(expected.ContainsKey(reader.Current.Option), $"seed {seed}");
            Assert.False(reader.IsMalformed);
        }
    }

    /// <summary>RFC 2132 section 9.3, RFC 3396 section 5: first the options field, then file, then the server name.</summary>
    [Fact]
    public void An_option_in_pieces_over_all_three_fields_is_one_in_the_order_of_the_fields()
    {
        byte[] message = new byte[Dhcpv4View.Size + 12];
        new Dhcpv4Header(2, 1, Mac).Write(message);
        byte[] options = [52, 1, 3, 15, 2, (byte)'a', (byte)'b', 255, 15, 1, (byte)'!', 0]; // behind the end marker nothing counts
        options.CopyTo(message, Dhcpv4View.Size);
        byte[] file = [0, 15, 1, (byte)'c', 255];
        file.CopyTo(message, 108);
        byte[] name = [15, 2, (byte)'d', (byte)'e'];
        name.CopyTo(message, 44);
        Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
        Assert.True(view.TryFind(Dhcpv4Option.DomainName, new byte[5], out ReadOnlySpan<byte> whole));
        Assert.Equal("abcde"u8.ToArray(), whole.ToArray());
        Assert.False(view.TryFind(Dhcpv4Option.DomainName, new byte[4], out _), "there is no room for the pieces");

        message[Dhcpv4View.Size + 2] = 2; // the server name only
        Assert.True(view.TryFind(Dhcpv4Option.DomainName, new byte[9], out whole));
        Assert.Equal("abde"u8.ToArray(), whole.ToArray());
    }

    [Fact]
    public void An_overload_inside_an_overloaded_field_does_not_count()
    {
        byte[] message = new byte[Dhcpv4View.Size + 4];
        new Dhcpv4Header(2, 1, Mac).Write(message);
        ((byte[])[52, 1, 1, 255]).CopyTo(message, Dhcpv4View.Size);
        ((byte[])[52, 1, 3, 255]).CopyTo(message, 108);
        ((byte[])[12, 1, 65, 255]).CopyTo(message, 44);
        Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
        Assert.False(view.TryFind(Dhcpv4Option.HostName, default, out _));
    }

    [Fact]
    public void An_option_past_the_end_of_its_field_is_malformed()
    {
        byte[] message = new byte[Dhcpv4View.Size + 3];
        new Dhcpv4Header(2, 1, Mac).Write(message);
        ((byte[])[12, 2, 65]).CopyTo(message, Dhcpv4View.Size);
        Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
        Dhcpv4OptionReader reader = view.Options;
        Assert.False(reader.MoveNext());
        Assert.True(reader.IsMalformed);
    }

    /// <summary>The examples of RFC 3442.</summary>
    [Theory]
    [InlineData("00 0A000001", "0.0.0.0/0 10.0.0.1")]
    [InlineData("08 0A 0A000001", "10.0.0.0/8 10.0.0.1")]
    [InlineData("18 0A0000 0A000001", "10.0.0.0/24 10.0.0.1")]
    [InlineData("10 0A11 0A000001", "10.17.0.0/16 10.0.0.1")]
    [InlineData("19 0A1B8100 0A000001", "10.27.129.0/25 10.0.0.1")]
    [InlineData("20 0A628345 0A000001", "10.98.131.69/32 10.0.0.1")]
    [InlineData("09 0AFF 00000000", "10.128.0.0/9 0.0.0.0")]
    [InlineData("18 0A0000 0A000001 00 0A000002", "10.0.0.0/24 10.0.0.1, 0.0.0.0/0 10.0.0.2")]
    [InlineData("00 0A000001 21 0A0000000A000001", "0.0.0.0/0 10.0.0.1 malformed")]
    [InlineData("00 0A000001 18 0A00000A0000", "0.0.0.0/0 10.0.0.1 malformed")]
    public void Classless_routes(string hex, string expected)
    {
        List<string> routes = [];
        Dhcpv4RouteReader reader = new(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        while (reader.MoveNext()) routes.Add($"{reader.Destination}/{reader.PrefixLength} {reader.Router}");
        Assert.Equal(expected, string.Join(", ", routes) + (reader.IsMalformed ? " malformed" : ""));
    }

    [Fact]
    public void A_message_without_the_magic_number_is_none()
    {
        byte[] message = new byte[300];
        new Dhcpv4Header(1, 1, Mac).Write(message);
        Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
        Assert.Equal(Dhcpv4MessageType.None, view.MessageType);
        message[239] ^= 1;
        Assert.False(Dhcpv4View.TryRead(message, out _));
        Assert.False(Dhcpv4View.TryRead(message.AsSpan(0, 239), out _));
    }

    [Fact]
    public void A_message_in_a_line()
    {
        byte[] message = new byte[300];
        new Dhcpv4Header(1, 1, Mac).Write(message);
        Assert.True(Dhcpv4View.TryRead(message, out Dhcpv4View view));
        LineWriter line = new(new byte[100]);
        view.AppendTo(ref line, message.Length);
        Assert.Equal("BOOTP/DHCP, Request from 02:00:00:00:00:07, length 300", line.ToString());
    }

    private static IpAddress Address(Random random) => IpAddress.V4((uint)random.NextInt64(1L << 32));
}
