using NetStack.Routing;
using NetStack.Tcp;
using NetStack.Tcp.Congestion;
using NetStack.Wire;

namespace NetStack.Packetdrill;

/// <summary>A stack as the scripts expect a host to be set: our defaults, or Linux's with the namespace's sysctl values.</summary>
internal static class Profile
{
    internal static NetworkStack CreateStack(WorldOptions options) => new(new StackOptions
    {
        Seed = options.Seed,
        TransmitBuffers = 8192,
        Tcp = options.IsLinux ? Linux : null,
    });

    /// <summary>The longest super-segment with its headers. The stack cuts it before it leaves: packetdrill takes whole segments. At the
    /// rates of the scripts, Linux sizes bursts by <c>tcp_min_tso_segs</c>.</summary>
    internal static int BurstBytes(WorldOptions options)
    {
        const int MostHeaders = 40 + 60, Mss = 1460; // what the scripts' hosts announce, by IPv4 and by IPv6
        return options.IsLinux ? MostHeaders + Sysctl.Number("tcp_min_tso_segs", 2) * Mss : 0;
    }

    internal static void AddDefaultRoutes(NetworkStack stack, NetInterface nic)
    {
        stack.Routes.Add(new Route(new IpPrefix(IpAddress.V4(0), 0)) { Interface = nic });
        stack.Routes.Add(new Route(new IpPrefix(IpAddress.V6(0), 0)) { Interface = nic });
    }

    private static TcpSettings Linux(TcpSettings settings)
    {
        int[] receive = Sysctl.Numbers("tcp_rmem");
        int[] send = Sysctl.Numbers("tcp_wmem");
        bool isReno = Sysctl.Text("tcp_congestion_control") == "reno";
        return settings with
        {
            SynLayout = SynOptionLayout.Linux,
            Timestamps = Sysctl.Number("tcp_timestamps", 1) != 0,
            Sack = Sysctl.Number("tcp_sack", 1) != 0,
            WindowScaling = Sysctl.Number("tcp_window_scaling", 1) != 0,
            Rack = (Sysctl.Number("tcp_recovery", 1) & 1) != 0,
            Ecn = Sysctl.Number("tcp_ecn", 2) switch { 1 => EcnMode.Active, 2 => EcnMode.Passive, _ => EcnMode.Off },
            SynRetries = Sysctl.Number("tcp_syn_retries", 6),
            SynAckRetries = Sysctl.Number("tcp_synack_retries", 5),
            Retries = Sysctl.Number("tcp_retries2", 15),
            FinWait2Timeout = TimeSpan.FromSeconds(Sysctl.Number("tcp_fin_timeout", 60)),
            BlackHoleTimeouts = Sysctl.Number("tcp_mtu_probing", 0) == 0 ? 0 : 3,
            Defaults = new TcpConnectionOptions
            {
                CongestionControl = isReno ? static () => new NewReno() : static () => new Cubic(slowStartLimit: int.MaxValue),
                ReceiveBuffer = receive is [_, int start, ..] ? start : 131_072,
                MaxReceiveBuffer = receive is [_, _, int most] ? most : 6_291_456,
                SendBuffer = send is [_, int sendStart, ..] ? sendStart : 16_384,
                MaxSendBuffer = send is [_, _, int sendMost] ? sendMost : 4_194_304,
                KeepAliveIdle = TimeSpan.FromSeconds(Sysctl.Number("tcp_keepalive_time", 7200)),
                KeepAliveInterval = TimeSpan.FromSeconds(Sysctl.Number("tcp_keepalive_intvl", 75)),
                KeepAliveProbes = Sysctl.Number("tcp_keepalive_probes", 9),
            },
        };
    }
}
