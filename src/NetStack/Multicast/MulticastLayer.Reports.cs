using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Multicast;

/// <remarks>What is said: reports and leaves.</remarks>
public sealed partial class MulticastLayer
{
    private const byte IgmpReport3 = 0x22;
    private const byte IgmpLeave = 0x17;
    private const byte InternetControl = 0xC0; // RFC 3376 section 4
    private const int ReportHeader = 8;

    private static readonly IpAddress AllRoutersV4 = IpAddress.V4(0xE000_0002);
    private static readonly IpAddress ReportersV4 = IpAddress.V4(0xE000_0016);
    private static readonly IpAddress ReportersV6 = IpAddress.V6((UInt128)0xFF02 << 112 | 0x16);

    private readonly ReportWriter _report = new();
    private readonly SourceSet _listed = new();

    private void AnswerGeneral(LinkQuerier link, Instant now)
    {
        Begin(link);
        foreach (HostGroup group in _groups)
        {
            if (IsOf(group, link) && group.IsJoined) Append(link, CurrentType(group), group.Address, group.Sources, now);
        }
        Flush(link, now);
    }

    /// <summary>Answers queries about groups (RFC 3376 section 5.2, timer rules 2 and 3).</summary>
    private void AnswerGroups(LinkQuerier link, Instant now)
    {
        Begin(link);
        foreach (HostGroup group in _groups)
        {
            if (!(group.AnswerDue <= now) || !IsOf(group, link)) continue;
            group.AnswerDue = null;
            if (!group.IsJoined) continue;
            if (link.Version < 3) SendOld(link, group, now);
            else if (group.Asked.Count == 0) Append(link, CurrentType(group), group.Address, group.Sources, now);
            else AnswerSources(link, group, now);
        }
        Flush(link, now);
    }

    /// <summary>Of the sources asked about, those that are wanted.</summary>
    private void AnswerSources(LinkQuerier link, HostGroup group, Instant now)
    {
        _listed.Clear();
        for (int i = 0; i < group.Asked.Count; i++)
        {
            if (group.Sources.Contains(group.Asked[i]) == (group.Mode == SourceFilterMode.Include)) _listed.Add(group.Asked[i]);
        }
        if (_listed.Count > 0) Append(link, RecordType.ModeIsInclude, group.Address, _listed, now);
    }

    /// <summary>Reports changes, and again after a random time until that was often enough (RFC 3376 section 5.1).</summary>
    private void ReportChanges(LinkQuerier link, Instant now)
    {
        Begin(link);
        foreach (HostGroup group in _groups)
        {
            if (!(group.ChangeDue <= now) || !IsOf(group, link)) continue;
            if (link.Version < 3) ReportOld(link, group, now);
            else ReportChange(link, group, now);
            group.ChangeDue = group.HasChanges ? Within(now, _options.UnsolicitedReportInterval).AddNanoseconds(1) : null;
        }
        Flush(link, now);
    }

    private void ReportChange(LinkQuerier link, HostGroup group, Instant now)
    {
        if (group.ModeReportsLeft > 0)
        {
            RecordType type = group.Mode == SourceFilterMode.Exclude ? RecordType.ChangeToExclude : RecordType.ChangeToInclude;
            Append(link, type, group.Address, group.Sources, now);
        }
        else
        {
            AppendChanged(link, group, true, now);
            AppendChanged(link, group, false, now);
        }
        group.Reported();
    }

    private void AppendChanged(LinkQuerier link, HostGroup group, bool isAllowed, Instant now)
    {
        _listed.Clear();
        foreach (HostGroup.ChangedSource changed in group.Changed)
        {
            if (changed.IsAllowed == isAllowed) _listed.Add(changed.Source);
        }
        if (_listed.Count > 0) Append(link, isAllowed ? RecordType.AllowNewSources : RecordType.BlockOldSources, group.Address, _listed, now);
    }

    /// <summary>Under an older querier there are no sources, and a leave is said once, by who reported last.</summary>
    private void ReportOld(LinkQuerier link, HostGroup group, Instant now)
    {
        if (group.IsJoined)
        {
            SendOld(link, group, now);
            group.Reported();
            return;
        }
        bool saysSo = link.Version == 2 && group.IsLastReporter;
        if (saysSo && link.IsV6) SendSimple(link, MldView.Done, group.Address, AddressScope.AllRouters, now);
        else if (saysSo) SendSimple(link, IgmpLeave, group.Address, AllRoutersV4, now);
        group.CancelChanges();
    }

    private void SendOld(LinkQuerier link, HostGroup group, Instant now)
    {
        byte type = link.IsV6 ? MldView.Report : link.Version == 1 ? IgmpReport1 : IgmpReport2;
        SendSimple(link, type, group.Address, group.Address, now);
        group.IsLastReporter = true;
    }

    private void SendSimple(LinkQuerier link, byte type, IpAddress group, IpAddress destination, Instant now)
    {
        Span<byte> message = stackalloc byte[MldHeader.Size];
        int length = link.IsV6 ? new MldHeader(type, 0, group).Write(message) : new IgmpHeader(type, 0, group).Write(message);
        if (!link.IsV6) message.Slice(2, 2).Clear();
        Send(link, destination, message[..length], default, now);
    }

    private static RecordType CurrentType(HostGroup group) =>
        group.Mode == SourceFilterMode.Exclude ? RecordType.ModeIsExclude : RecordType.ModeIsInclude;

    private void Begin(LinkQuerier link)
    {
        int mtu = _tables.InterfaceAt(link.Interface)?.Mtu ?? 0;
        _report.Begin(mtu - ReportHeader - (link.IsV6 ? Ipv6View.Size + 8 : Ipv4View.MinSize + 4));
    }

    /// <summary>Appends a record; one with more sources than fit is split, but for a list of exclusions, which is cut: to exclude too
    /// few brings unwanted datagrams, to exclude in two records would undo the first (RFC 3376 section 4.2.16).</summary>
    private void Append(LinkQuerier link, RecordType type, IpAddress group, SourceSet sources, Instant now)
    {
        bool isExclusion = type is RecordType.ModeIsExclude or RecordType.ChangeToExclude;
        int from = 0;
        do
        {
            if (isExclusion && _report.Count > 0 && !_report.Fits(group.Size, sources.Count)) Flush(link, now);
            if (!_report.TryAppend(type, group, sources, ref from))
            {
                if (_report.Count == 0) return; // not even one record fits into the link's packets
                Flush(link, now);
            }
            else if (isExclusion)
            {
                return;
            }
        }
        while (from < sources.Count || _report.Count == 0);
    }

    private void Flush(LinkQuerier link, Instant now)
    {
        if (_report.Count == 0) return;
        Span<byte> header = stackalloc byte[ReportHeader];
        header.Clear();
        header[0] = link.IsV6 ? MldView.Report2 : IgmpReport3;
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)_report.Count);
        Send(link, link.IsV6 ? ReportersV6 : ReportersV4, header, _report.Records, now);
        Begin(link);
    }

    private void Send(LinkQuerier link, IpAddress destination, ReadOnlySpan<byte> header, ReadOnlySpan<byte> records, Instant now)
    {
        PacketBody body = default;
        bool isSent = false;
        if (_ip.Bodies.TryAppend(ref body, records))
        {
            IpSend send = new(SourceOn(link, destination), destination, link.IsV6 ? IpProtocol.Icmpv6 : IpProtocol.Igmp)
            {
                Interface = link.Interface,
                HopLimit = 1,
                TrafficClass = link.IsV6 ? (byte)0 : InternetControl,
                HasRouterAlert = true,
                NoMulticastLoop = true,
                ChecksumOffset = 2,
            };
            isSent = _ip.Send(send, header, body, now) == SendOutcome.Sent;
        }
        if (isSent) Counters.ReportsSent++;
        else Counters.ReportsLost++;
    }

    /// <summary>A link-local address in MLD, and the unspecified one where there is none yet (RFC 3590, RFC 3376 section 4.2.13).</summary>
    private IpAddress SourceOn(LinkQuerier link, IpAddress destination)
    {
        IpAddress none = link.IsV6 ? IpAddress.V6(0) : IpAddress.V4(0);
        if (!_ip.TryFindPath(destination, default, link.Interface, out IpPath path)) return none;
        return link.IsV6 && !Martians.IsLinkLocalV6(path.Source) ? none : path.Source;
    }
}
