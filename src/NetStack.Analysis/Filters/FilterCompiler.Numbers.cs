using NetStack.Wire;

namespace NetStack.Analysis;

/// <content>Comparisons of numbers.</content>
internal sealed partial class FilterCompiler
{
    /// <summary>Both headers must be there, then the numbers compare.</summary>
    private Test Relation(RelationNode relation)
    {
        Test[] checks = [.. Checks(relation.Left), .. Checks(relation.Right)];
        Action left = Number(relation.Left, 0);
        uint? constant = Constant(relation.Right);
        Action right = Number(relation.Right, 1);
        (int comparison, bool isReversed) = relation.Operator switch
        {
            "=" => (Bpf.Equal, false),
            "!=" => (Bpf.Equal, true),
            ">" => (Bpf.Greater, false),
            "<=" => (Bpf.Greater, true),
            ">=" => (Bpf.GreaterOrEqual, false),
            _ => (Bpf.GreaterOrEqual, true),
        };
        Test compare = (yes, no) =>
        {
            left();
            if (constant is null)
            {
                _code.Add(Bpf.Store, 0);
                right();
                _code.Add(Bpf.AToX);
                _code.Add(Bpf.Load | Bpf.Memory, 0);
            }
            _code.Test(constant is null ? comparison | Bpf.FromX : comparison, constant ?? 0, yes, no);
        };
        return All([.. checks, isReversed ? Not(compare) : compare]);
    }

    /// <summary>What must hold before a number can be had: its header is there. As libpcap has it, of two numbers that are put
    /// together only the first one's header is asked for.</summary>
    private IEnumerable<Test> Checks(NumberNode number)
    {
        switch (number)
        {
            case ArithmeticNode arithmetic: return Checks(arithmetic.Left);
            case NegationNode negation: return Checks(negation.Inner);
            case FieldNode field: return ChecksOf(field);
            default: return [];
        }
    }

    private IEnumerable<Test> ChecksOf(FieldNode field)
    {
        _column = field.Column;
        IEnumerable<Test> inner = Checks(field.Offset);
        _column = field.Column;
        return field.Protocol switch
        {
            "ether" => inner,
            "icmp6" => [.. inner, Carries((uint)EtherType.Ipv6), Field(Bpf.Byte, _link.Network + 6, (uint)IpProtocol.Icmpv6)],
            _ when IsBehindIpv4(field.Protocol) => [Carries((uint)EtherType.Ipv4), .. inner, Protocol(field.Protocol), NoLaterFragment()],
            _ => [.. inner, Protocol(field.Protocol)],
        };
    }

    private static bool IsBehindIpv4(string protocol) => protocol is "tcp" or "udp" or "sctp" or "icmp" or "igmp" or "igrp" or "pim" or "vrrp" or "carp";

    /// <summary>Code that leaves a number in A. It may use the scratch memory from a word on.</summary>
    private Action Number(NumberNode number, int word)
    {
        if (word >= Bpf.MemoryWords) throw Fail("the numbers are nested too deeply to compare");
        if (Constant(number) is { } constant) return () => _code.Add(Bpf.Load | Bpf.Immediate, constant);
        switch (number)
        {
            case FieldNode field:
                return Load(field, word);
            case NegationNode negation:
                Action inner = Number(negation.Inner, word);
                return () =>
                {
                    inner();
                    _code.Add(Bpf.Alu | Bpf.Negate);
                };
            case ArithmeticNode arithmetic:
                return Combine(arithmetic, word);
            default:
                return () => _code.Add(Bpf.Load | Bpf.Length);
        }
    }

    private Action Combine(ArithmeticNode arithmetic, int word)
    {
        int operation = Bpf.Alu | OperationOf(arithmetic.Operator);
        Action left = Number(arithmetic.Left, word);
        if (Constant(arithmetic.Right) is { } constant)
        {
            CheckConstant(arithmetic, constant);
            return () =>
            {
                left();
                _code.Add(operation, constant);
            };
        }
        Action right = Number(arithmetic.Right, word + 1);
        return () =>
        {
            left();
            _code.Add(Bpf.Store, (uint)word);
            right();
            _code.Add(Bpf.AToX);
            _code.Add(Bpf.Load | Bpf.Memory, (uint)word);
            _code.Add(operation | Bpf.FromX);
        };
    }

    private Action Load(FieldNode field, int word)
    {
        int size = field.Size switch { 1 => Bpf.Byte, 2 => Bpf.Half, _ => Bpf.Word };
        bool isBehindIpv4 = IsBehindIpv4(field.Protocol);
        int start = field.Protocol == "ether" ? _link.Header : _link.Network + (field.Protocol == "icmp6" ? Ipv6View.Size : 0);
        int network = _link.Network;
        if (Constant(field.Offset) is { } constant)
        {
            uint place = (uint)start + constant;
            if (!isBehindIpv4) return () => _code.Add(Bpf.Load | Bpf.Absolute | size, place);
            return () =>
            {
                _code.Add(Bpf.LoadX | Bpf.HeaderLength | Bpf.Byte, (uint)network);
                _code.Add(Bpf.Load | Bpf.Indirect | size, place);
            };
        }
        Action offset = Number(field.Offset, word);
        return () =>
        {
            offset();
            if (isBehindIpv4)
            {
                _code.Add(Bpf.LoadX | Bpf.HeaderLength | Bpf.Byte, (uint)network);
                _code.Add(Bpf.Alu | Bpf.Add | Bpf.FromX);
            }
            _code.Add(Bpf.AToX);
            _code.Add(Bpf.Load | Bpf.Indirect | size, (uint)start);
        };
    }

    private static int OperationOf(char sign) => sign switch
    {
        '+' => Bpf.Add,
        '-' => Bpf.Subtract,
        '*' => Bpf.Multiply,
        '/' => Bpf.Divide,
        '%' => Bpf.Modulo,
        '&' => Bpf.And,
        '|' => Bpf.Or,
        '^' => Bpf.Xor,
        '<' => Bpf.ShiftLeft,
        _ => Bpf.ShiftRight,
    };

    /// <summary>The value of a number that does not depend on the packet; null where it does.</summary>
    private uint? Constant(NumberNode number)
    {
        if (number is ConstantNode constant) return constant.Value;
        if (number is NegationNode negation) return Constant(negation.Inner) is { } inner ? 0 - inner : null;
        if (number is not ArithmeticNode arithmetic || Constant(arithmetic.Left) is not { } left || Constant(arithmetic.Right) is not { } right) return null;
        CheckConstant(arithmetic, right);
        return arithmetic.Operator switch
        {
            '+' => left + right,
            '-' => left - right,
            '*' => left * right,
            '/' => left / right,
            '%' => left % right,
            '&' => left & right,
            '|' => left | right,
            '^' => left ^ right,
            '<' => left << (int)right,
            _ => left >> (int)right,
        };
    }

    private static void CheckConstant(ArithmeticNode arithmetic, uint right)
    {
        if (right == 0 && arithmetic.Operator is '/' or '%') throw new FilterException(arithmetic.Right.Column, "division by zero");
        if (right > 31 && arithmetic.Operator is '<' or '>') throw new FilterException(arithmetic.Right.Column, $"a shift is of at most 31 bits, not {right}");
    }
}
